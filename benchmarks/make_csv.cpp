// SPDX-License-Identifier: Apache-2.0
//
// Writes a synthetic table as CSV: make_csv FILE MEGABYTES [mixed|digits]
//
// Each line has 64 features and a class 0-9. With "mixed" (the default) the features are 16
// integers from 0 to 255, 32 decimals with 6 places, and 16 floats with all digits. With "digits"
// all features are doubles with all their 15-17 digits, as Python's repr and pandas' to_csv write
// them. The bytes are the same on every machine.

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "dga/base/random.h"

namespace {

template <typename... Format>
void append(std::string& line, double value, Format... format) {
  char text[64];
  line.append(text, std::to_chars(text, text + sizeof(text), value, format...).ptr);
  line += ',';
}

/// Roughly normal. Does not use <cmath>, whose last digits differ between machines.
double centred(dga::RandomStream& stream) {
  return stream.uniform() + stream.uniform() + stream.uniform() - stream.uniform() -
         stream.uniform() - stream.uniform();
}

void append_sample(std::string& line, dga::RandomStream& stream, bool digits) {
  for (int column = 0; column < 64; ++column) {
    if (digits) {
      append(line, centred(stream));
    } else if (column < 16) {
      line += std::to_string(stream.below(256)) + ',';
    } else if (column < 48) {
      append(line, centred(stream), std::chars_format::fixed, 6);
    } else {
      char text[32];
      line.append(
          text, std::to_chars(text, text + sizeof(text), static_cast<float>(centred(stream))).ptr);
      line += ',';
    }
  }
  line += static_cast<char>('0' + stream.below(10));
  line += '\n';
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: make_csv FILE MEGABYTES [mixed|digits]\n");
    return 2;
  }
  const std::int64_t target = std::atoll(argv[2]) * 1'000'000;
  const bool digits = argc > 3 && std::string_view(argv[3]) == "digits";
  std::FILE* const file = std::fopen(argv[1], "wb");
  if (file == nullptr) {
    std::perror(argv[1]);
    return 1;
  }
  dga::RandomStream stream(dga::stream_key(7, "make_csv"));
  std::string text;
  for (std::int64_t written = 0; written < target;) {
    text.clear();
    while (text.size() < (1U << 20) && written + static_cast<std::int64_t>(text.size()) < target) {
      append_sample(text, stream, digits);
    }
    if (std::fwrite(text.data(), 1, text.size(), file) != text.size()) {
      std::perror(argv[1]);
      return 1;
    }
    written += static_cast<std::int64_t>(text.size());
  }
  return std::fclose(file) == 0 ? 0 : 1;
}
