// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/csv/header.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <set>
#include <string_view>

#include "dga/data/formats/table/value.h"

namespace dga {
namespace {

/// What the records below the first have in one column.
struct Below {
  bool text = false;
  bool numbers = false;
  bool quotes = false;
  bool repeats = false;  // some text occurs twice
  bool counts = true;    // 0, 1, 2, …
  double least = std::numeric_limits<double>::infinity();
  double most = -std::numeric_limits<double>::infinity();
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
      if (double number = 0; parse_number(cell, decimal, number) == NumberError::none) {
        below[c].numbers = true;
        below[c].least = std::min(below[c].least, number);
        below[c].most = std::max(below[c].most, number);
      } else if (is_number(cell, decimal)) {
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

/// Whether the first record occurs again, with a text that stands in a column of numbers otherwise:
/// files with a header were put together.
bool is_repeated_header(std::span<const std::vector<CsvField>> records,
                        const std::vector<Below>& below, char decimal) {
  const std::vector<CsvField>& first = records.front();
  const auto same = [&](const std::vector<CsvField>& record) {
    return std::equal(record.begin(), record.end(), first.begin(), first.end(),
                      [](const CsvField& x, const CsvField& y) { return x.text == y.text; });
  };
  if (std::none_of(records.begin() + 1, records.end(), same)) {
    return false;
  }
  for (std::size_t c = 0; c < first.size(); ++c) {
    const bool only_text = std::all_of(
        below[c].texts.begin(), below[c].texts.end(),
        [&](std::string_view text) { return text == first[c].text || is_number(text, decimal); });
    if (below[c].text && below[c].numbers && only_text) {
      return true;
    }
  }
  return false;
}

/// Whether a cell is a number with decimals between those below it or near them, as names are not:
/// a name such as 2020 is an integer, and a wavelength such as 400.5 is far from the values below.
bool looks_like_a_value(std::string_view cell, char decimal, const Below& below) {
  double number = 0;
  return parse_number(cell, decimal, number) == NumberError::none &&
         cell.find_first_of(decimal == '.' ? ".eE" : ",eE") != std::string_view::npos &&
         number >= below.least - (below.most - below.least) &&
         number <= below.most + (below.most - below.least);
}

/// Whether a text begins as a number does, such as "1O.3" or "12 m".
bool looks_mistyped(std::string_view cell) {
  cell.remove_prefix(std::min(cell.find_first_not_of(" \t+-."), cell.size()));
  return !cell.empty() && cell.front() >= '0' && cell.front() <= '9';
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
    return !is_missing(cell.text) && !is_number(cell.text, decimal);
  };
  if (records.size() == 1) {
    return std::any_of(first.begin(), first.end(), is_text) ? HeaderVerdict::header
                                                            : HeaderVerdict::data;
  }
  const std::vector<Below> below = look_below(records, decimal);
  if (is_repeated_header(records, below, decimal)) {
    return HeaderVerdict::header;
  }
  bool text_above_numbers = false;
  bool recurs = false;        // a cell of the first record occurs below in a column of text
  bool new_text = false;      // a cell of the first record does not occur below, in a text column
  bool new_category = false;  // the same, in a column in which other texts repeat
  bool number_above_numbers = false;
  bool value_above_numbers = false;  // a number that is rather a value than a name
  bool name_above_numbers = false;   // a text that is no mistyped number
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
      const std::string_view cell = first[c].text;
      (is_text(first[c]) ? text_above_numbers : number_above_numbers) = true;
      value_above_numbers = value_above_numbers || looks_like_a_value(cell, decimal, below[c]);
      name_above_numbers = name_above_numbers || (is_text(first[c]) && !looks_mistyped(cell));
    }
  }
  if (text_above_numbers) {
    const bool mistyped = !name_above_numbers && number_above_numbers;
    return recurs || value_above_numbers || mistyped ? HeaderVerdict::unclear
                                                     : HeaderVerdict::header;
  }
  if (recurs) {
    return HeaderVerdict::data;
  }
  if (new_text && std::any_of(first.begin(), first.end(), is_text)) {
    // Where every text is different and the numbers look like numbers, a first sample looks the
    // same as a header. So does the only sample of a class.
    return !value_above_numbers && (new_category || !number_above_numbers) ? HeaderVerdict::header
                                                                           : HeaderVerdict::unclear;
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

namespace {

/// Whether a record is a sample of known columns, all of them or those of the model alone: a text
/// is known from its column, or there is a number in every column of numbers.
bool is_sample_of(const Columns& known, std::span<const CsvField> cells, char decimal) {
  for (const bool inputs_alone : {false, true}) {
    std::vector<const Column*> columns;
    for (const Column& column : known.all) {
      if (!inputs_alone || column.use == ColumnUse::feature || column.use == ColumnUse::category) {
        columns.push_back(&column);
      }
    }
    std::int64_t numbers = 0;
    std::int64_t others = 0;  // in columns of numbers
    for (std::size_t c = 0; c < cells.size() && cells.size() == columns.size(); ++c) {
      const auto& categories = columns[c]->categories;
      if (std::binary_search(categories.begin(), categories.end(), cells[c].text)) {
        return true;
      }
      if (columns[c]->use == ColumnUse::feature) {
        ++(is_number(cells[c].text, decimal) ? numbers : others);
      }
    }
    if (numbers > 0 && others == 0) {
      return true;
    }
  }
  return false;
}

/// Whether the names of the inputs are 0, 1, …, as programs make them up.
bool are_made_up(const Columns& known) {
  return std::all_of(known.all.begin(), known.all.end(), [&](const Column& column) {
    return (column.use != ColumnUse::feature && column.use != ColumnUse::category) ||
           (!column.name.empty() && column.name.size() < 5 &&
            column.name.find_first_not_of("0123456789") == std::string::npos &&
            std::stoul(column.name) <= known.all.size());
  });
}

}  // namespace

HeaderVerdict judge_header(std::span<const std::vector<CsvField>> records, char decimal,
                           const Columns& known) {
  const HeaderVerdict verdict = judge_header(records, decimal);
  const std::vector<CsvField>& first = records.front();
  if (!known.named()) {
    // Numbers alone were taken for a header for better reasons, such as counting from 0.
    const bool by_text = verdict == HeaderVerdict::unclear ||
                         (verdict == HeaderVerdict::header &&
                          std::any_of(first.begin(), first.end(), [&](const CsvField& cell) {
                            return !is_missing(cell.text) && !is_number(cell.text, decimal);
                          }));
    return by_text && is_sample_of(known, first, decimal) ? HeaderVerdict::data : verdict;
  }
  const auto position_of = [&](std::string_view name) {
    return std::find_if(known.all.begin(), known.all.end(),
                        [&](const Column& column) { return column.name == name; }) -
           known.all.begin();
  };
  const std::ptrdiff_t none = std::ssize(known.all);
  std::vector<std::ptrdiff_t> positions;  // of the cells that are names
  bool text = false;                      // one of them is no number
  bool only_names = true;
  for (const CsvField& cell : first) {
    if (const std::ptrdiff_t at = position_of(csv_name(cell.text, &cell == first.data()));
        at != none) {
      positions.push_back(at);
      text = text || !is_number(cell.text, decimal);
    } else {
      only_names = only_names && cell.text.empty();
    }
  }
  if (std::set(positions.begin(), positions.end()).size() < positions.size()) {
    return verdict;  // names do not repeat, values do
  }
  if (positions.empty()) {
    // Without a clear header, and without a name of the training, it is a sample.
    return verdict == HeaderVerdict::unclear ? HeaderVerdict::data : verdict;
  }
  const bool all_features =
      std::all_of(known.all.begin(), known.all.end(), [&](const Column& each) {
        return (each.use != ColumnUse::feature && each.use != ColumnUse::category) ||
               std::find(positions.begin(), positions.end(), &each - known.all.data()) !=
                   positions.end();
      });
  if (!all_features && !only_names) {
    return verdict;
  }
  if (text) {
    return HeaderVerdict::header;
  }
  // Names that are numbers may be a sample too, but hardly all of them in their order, or names
  // such as 400.5 and 2020.
  return all_features && (std::is_sorted(positions.begin(), positions.end()) || !are_made_up(known))
             ? HeaderVerdict::numbered
             : HeaderVerdict::unclear;
}

std::string csv_name(std::string_view cell, bool first) {
  if (first && cell.starts_with('#') && !cell.starts_with("# of ")) {
    cell.remove_prefix(std::min(cell.find_first_not_of("# "), cell.size()));
  }
  return std::string(cell);
}

bool repeats_names(const TableHead& head, std::span<const CsvField> record) {
  return !head.names.empty() &&
         std::equal(record.begin(), record.end(), head.names.begin(), head.names.end(),
                    [&](const CsvField& field, const std::string& name) {
                      return csv_name(field.text, &name == head.names.data()) == name;
                    });
}

}  // namespace dga
