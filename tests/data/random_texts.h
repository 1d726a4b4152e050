// SPDX-License-Identifier: Apache-2.0
//
// Random files of text, for the tests of readers.

#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

#include "dga/base/error.h"
#include "dga/base/random.h"
#include "dga/storage/columns.h"

namespace dga::test {

/// How a random CSV file is written, and what is in its columns.
struct Dialect {
  char separator = ',';
  std::string line_end = "\n";
  bool header = true;
  bool quotes = false;  // some numbers are quoted, and a dropped column has line ends in quotes
  bool unix_times = false;
  bool category = false;
  bool comma = false;  // decimals
  Missing missing = Missing::error;
  enum class Label { integer, text, target } label = Label::integer;
  std::int64_t columns = 3;
};

inline Dialect random_dialect(RandomStream& random) {
  const auto coin = [&] { return random.below(2) == 1; };
  Dialect d;
  d.comma = random.below(4) == 0;
  d.separator = d.comma ? ';' : ",;\t"[random.below(3)];
  d.line_end = coin() ? "\n" : "\r\n";
  d.header = random.below(4) > 0;
  d.quotes = coin();
  d.unix_times = coin();
  d.category = coin();
  d.missing = std::array{Missing::error, Missing::mean, Missing::drop}[random.below(3)];
  d.label = std::array{Dialect::Label::integer, Dialect::Label::text,
                       Dialect::Label::target}[random.below(3)];
  d.columns = 1 + static_cast<std::int64_t>(random.below(12));
  return d;
}

/// A file of the dialect: note, category, time, numbers, label.
inline std::string random_csv(const Dialect& d, std::int64_t rows, RandomStream& random) {
  const auto number = [&](double value) {
    std::string text = str(value);
    if (d.comma) {
      std::replace(text.begin(), text.end(), '.', ',');
    }
    return d.quotes && random.below(5) == 0 ? '"' + text + '"' : text;
  };
  std::string text;
  const auto end_record = [&](const std::string& record, bool last) {
    text += record + (last && random.below(2) == 0 ? "" : d.line_end);
  };
  if (d.header) {
    std::string names = str("note", d.separator, "city", d.separator, "time");
    for (std::int64_t c = 0; c < d.columns; ++c) {
      names += str(d.separator, "x", c);
    }
    end_record(names + d.separator + "label", false);
  }
  for (std::int64_t row = 0; row < rows; ++row) {
    const auto missing = [&] { return d.missing != Missing::error && random.below(40) == 0; };
    std::string record =
        d.quotes ? str("\"said \"\"no\"\"", random.below(3) == 0 ? d.line_end : " ", row, '"')
                 : str("n", row);
    record += d.separator + str("city", random.below(5));
    record += d.separator +
              (missing()      ? std::string("NA")
               : d.unix_times ? str(1'700'000'000 + static_cast<std::int64_t>(random.below(9999)))
                              : str(random.below(100)));
    for (std::int64_t c = 0; c < d.columns; ++c) {
      record += d.separator;
      record +=
          missing() ? "" : number(static_cast<double>(random.below(1'000'000)) / 1000.0 - 300.0);
    }
    record += d.separator;
    switch (d.label) {
      case Dialect::Label::integer:
        record += str(static_cast<std::int64_t>(random.below(4)) - 1);
        break;
      case Dialect::Label::text:
        record += std::array{"red", "green", "blue"}[random.below(3)];
        break;
      case Dialect::Label::target:
        record += number(1e6 + 0.25 * static_cast<double>(random.below(100)));
        break;
    }
    end_record(record, row + 1 == rows);
  }
  return text;
}

/// Lines of LIBSVM with comments, lines without a sample, and features 0 or 1 to `most`, some of
/// which are Unix times.
inline std::string random_libsvm(std::int64_t rows, std::int64_t most, bool from_zero,
                                 bool regression, RandomStream& random) {
  std::string text;
  for (std::int64_t row = 0; row < rows; ++row) {
    text += random.below(20) == 0 ? "# a comment\n\n" : "";
    text += regression ? str(0.25 * static_cast<double>(random.below(1000)) - 7)
                       : str(static_cast<std::int64_t>(random.below(3)) - 1);
    for (std::int64_t index = from_zero ? 0 : 1; index <= most; ++index) {
      if (index == 3 && random.below(20) > 0) {
        text += str(" 3:", 1'700'000'000 + random.below(9999));
      } else if (index == 4) {
        text += str("  4:", 1'600'000'000 + random.below(9999));
      } else if (random.below(3) == 0) {
        text += str(' ', index, ':', static_cast<double>(random.below(100'000)) / 100.0 - 300);
      }
    }
    text += random.below(9) == 0 ? " # last\r" : "";
    text += row + 1 == rows && random.below(2) == 0 ? "" : "\n";
  }
  return text;
}

}  // namespace dga::test
