// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/csv_header.h"

#include <algorithm>
#include <set>
#include <string_view>

#include "dga/data/formats/csv_value.h"

namespace dga {
namespace {

/// What the records below the first have in one column.
struct Below {
  bool text = false;
  bool numbers = false;
  bool quotes = false;
  bool repeats = false;  // some text occurs twice
  bool counts = true;    // 0, 1, 2, …
  std::set<std::string_view> texts = {};
};

std::vector<Below> look_below(std::span<const std::vector<CsvField>> records, char decimal) {
  const std::size_t columns = records.front().size();
  std::vector<Below> below(columns);
  std::int64_t row = 0;
  for (const auto& record : records.subspan(1)) {
    if (record.size() != columns) {
      continue;
    }
    for (std::size_t c = 0; c < columns; ++c) {
      const std::string_view cell = record[c].text;
      below[c].quotes = below[c].quotes || record[c].quoted;
      below[c].counts = below[c].counts && cell == std::to_string(row);
      if (is_missing(cell)) {
        continue;
      }
      if (is_csv_number(cell, decimal)) {
        below[c].numbers = true;
      } else {
        below[c].text = true;
      }
      below[c].repeats = !below[c].texts.insert(cell).second || below[c].repeats;
    }
    ++row;
  }
  return below;
}

/// Whether `names` are 0, 1, 2, …, an empty first name aside. Three or more are needed: two such
/// numbers are likely to be a sample.
bool is_numbered(std::span<const CsvField> names) {
  if (names.size() > 1 && names.front().text.empty()) {
    names = names.subspan(1);
  } else if (names.size() < 3) {
    return false;
  }
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i].text != std::to_string(i)) {
      return false;
    }
  }
  return true;
}

}  // namespace

HeaderVerdict judge_header(std::span<const std::vector<CsvField>> records, char decimal) {
  const std::vector<CsvField>& first = records.front();
  const auto is_text = [&](const CsvField& cell) {
    return !is_missing(cell.text) && !is_csv_number(cell.text, decimal);
  };
  if (records.size() == 1) {
    return std::any_of(first.begin(), first.end(), is_text) ? HeaderVerdict::header
                                                            : HeaderVerdict::data;
  }
  const std::vector<Below> below = look_below(records, decimal);
  bool text_above_numbers = false;
  bool recurs = false;        // a cell of the first record occurs below in a column of text
  bool new_text = false;      // a cell of the first record does not occur below, in a text column
  bool new_category = false;  // the same, in a column in which other texts repeat
  bool number_above_numbers = false;
  for (std::size_t c = 0; c < first.size(); ++c) {
    if (is_missing(first[c].text)) {
      continue;
    }
    if (below[c].text) {
      const bool known = below[c].texts.count(first[c].text) > 0;
      recurs = recurs || known;
      new_text = new_text || !known;
      new_category = new_category || (!known && below[c].repeats);
    } else if (below[c].numbers) {
      (is_text(first[c]) ? text_above_numbers : number_above_numbers) = true;
    }
  }
  if (text_above_numbers) {
    return recurs ? HeaderVerdict::unclear : HeaderVerdict::header;
  }
  if (recurs) {
    return HeaderVerdict::data;
  }
  if (new_text && std::any_of(first.begin(), first.end(), is_text)) {
    // Where every text is different and the numbers look like numbers, a first sample looks the
    // same as a header.
    return new_category || !number_above_numbers ? HeaderVerdict::header : HeaderVerdict::unclear;
  }
  if (std::any_of(first.begin(), first.end(), is_text)) {
    return HeaderVerdict::header;  // above columns without any value
  }
  if (is_numbered(first)) {
    return HeaderVerdict::numbered;
  }
  const bool names_are_quoted =
      std::all_of(first.begin(), first.end(), [](const CsvField& cell) { return cell.quoted; }) &&
      std::none_of(below.begin(), below.end(), [](const Below& column) { return column.quotes; });
  const bool above_an_index = first.size() > 1 && first.front().text.empty() &&
                              below.front().numbers && below.front().counts;
  return names_are_quoted || above_an_index ? HeaderVerdict::header : HeaderVerdict::data;
}

}  // namespace dga
