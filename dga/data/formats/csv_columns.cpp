// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/csv_columns.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include "dga/base/error.h"
#include "dga/base/lower_case.h"
#include "dga/data/formats/csv_record.h"

namespace dga {
namespace {

constexpr std::array<std::string_view, 4> kLabelNames = {"label", "class", "target", "y"};

std::string list_of(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) {
    list += (list.empty() ? "" : ", ") + name;
  }
  return printable(list, 200);
}

/// How a column is called in --drop and the like.
std::string handle(const CsvHead& head, std::int64_t column) {
  const std::string name =
      head.names.empty() ? std::string() : head.names[static_cast<std::size_t>(column)];
  if (name.empty()) {
    return std::to_string(column);
  }
  return name.find_first_of(",\" ") == std::string::npos ? printable(name)
                                                         : str("'\"", printable(name), "\"'");
}

/// The column that `name`, given with `option`, selects: by name, or by number, counted from the
/// end if negative.
std::int64_t column_called(const CsvHead& head, const std::string& name, const std::string& given,
                           const std::string& file) {
  const std::string option = given.substr(0, given.find(' '));
  const auto count = std::count(head.names.begin(), head.names.end(), name);
  if (count > 1) {
    throw DataError(str(file, ":1: expected one column named ", printable(name), " as ", option,
                        " says, found ", count,
                        ". Rename them, or give the number of the column."));
  }
  if (count == 1) {
    return std::find(head.names.begin(), head.names.end(), name) - head.names.begin();
  }
  std::int64_t column = 0;
  const char* const end = name.data() + name.size();
  const auto parsed = std::from_chars(name.data(), end, column);
  if (parsed.ec == std::errc{} && parsed.ptr == end && column < head.columns &&
      column >= -head.columns) {
    return column < 0 ? column + head.columns : column;
  }
  const bool label = given.starts_with("--label ");
  throw DataError(str(file, ":1: expected ", label ? "the label column" : "a column", " as a ",
                      head.names.empty() ? "" : "name of the header or a ", "number in [",
                      -head.columns, ", ", head.columns, "), found ", printable(given),
                      head.names.empty() ? "" : " where the header has " + list_of(head.names),
                      ". Correct ", option, "."));
}

/// The label column without --label: the one with a usual name, else the last.
std::int64_t usual_label(const CsvHead& head, const std::vector<bool>& dropped,
                         const std::string& file) {
  std::vector<std::int64_t> found;
  for (std::size_t c = 0; c < head.names.size(); ++c) {
    const bool usual = std::find(kLabelNames.begin(), kLabelNames.end(),
                                 lower_case(head.names[c])) != kLabelNames.end();
    if (usual && !dropped[c]) {
      found.push_back(static_cast<std::int64_t>(c));
    }
  }
  if (found.size() > 1) {
    std::vector<std::string> names;
    names.reserve(found.size());
    for (const std::int64_t column : found) {
      names.push_back(head.names[static_cast<std::size_t>(column)]);
    }
    throw DataError(str(file, ":1: expected one column named label, class, target or y, found ",
                        list_of(names), ". Choose one with --label."));
  }
  if (!found.empty()) {
    return found.front();
  }
  for (std::int64_t column = head.columns - 1; column >= 0; --column) {
    if (!dropped[static_cast<std::size_t>(column)]) {
      return column;
    }
  }
  return -1;
}

/// Names that are different and not empty, so that a column can be found again.
std::vector<std::string> unique_names(const std::vector<std::string>& names) {
  std::vector<std::string> unique;
  for (std::size_t c = 0; c < names.size(); ++c) {
    std::string name = names[c].empty() ? str("column ", c + 1) : names[c];
    const std::string base = name;
    for (int copy = 1; std::find(unique.begin(), unique.end(), name) != unique.end(); ++copy) {
      name = str(base, '.', copy);  // as pandas numbers them
    }
    unique.push_back(std::move(name));
  }
  return unique;
}

std::vector<bool> chosen_to_drop(const CsvHead& head, const ReadOptions& options,
                                 const std::string& file) {
  std::vector<bool> dropped(static_cast<std::size_t>(head.columns), !options.table.only.empty());
  for (const std::string& name : names_in(options.table.only)) {
    dropped[static_cast<std::size_t>(column_called(head, name, "--only " + name, file))] = false;
  }
  for (const std::string& name : names_in(options.table.drop)) {
    dropped[static_cast<std::size_t>(column_called(head, name, "--drop " + name, file))] = true;
  }
  if (head.index && options.table.only.empty()) {
    dropped.front() = true;
  }
  return dropped;
}

[[noreturn]] void refuse_text(const CsvHead& head, std::int64_t column, const std::string& file) {
  const auto at = static_cast<std::size_t>(column);
  const std::string name = handle(head, column);
  const bool comma = head.text[at].find_first_not_of("0123456789,+-eE") == std::string::npos;
  throw DataError(str(file, ":", head.text_line[at], ": expected a number in ",
                      head.describe(column), ", found the text \"", printable(head.text[at]),
                      "\". Correct the line, leave the column out with --drop ", name,
                      ", or encode its texts with --one-hot ", name,
                      comma ? "; numbers with a decimal comma need --decimal ,." : "."));
}

std::vector<std::int64_t> match_by_name(const CsvHead& head, const Columns& columns,
                                        const ReadOptions& options, const std::string& file,
                                        const std::string& origin) {
  const std::vector<std::string> names = unique_names(head.names);
  std::vector<std::int64_t> position(names.size(), -1);
  std::vector<bool> found(columns.all.size(), false);
  std::vector<bool> unwanted(names.size(), false);
  for (const std::string& name : names_in(options.table.drop)) {
    // A name that only the training set has is not missed here.
    if (std::find(head.names.begin(), head.names.end(), name) != head.names.end()) {
      unwanted[static_cast<std::size_t>(column_called(head, name, "--drop " + name, file))] = true;
    }
  }
  const std::int64_t label = columns.label();
  // --label may name the label under another name than in training.
  const std::int64_t own_label =
      options.table.label.empty()
          ? -1
          : column_called(head, options.table.label, "--label " + options.table.label, file);
  std::vector<std::string> extra;
  for (std::size_t c = 0; c < names.size(); ++c) {
    const auto match = std::find_if(columns.all.begin(), columns.all.end(),
                                    [&](const Column& column) { return column.name == names[c]; });
    if (static_cast<std::int64_t>(c) == own_label && label >= 0) {
      position[c] = label;
      found[static_cast<std::size_t>(label)] = true;
    } else if (match != columns.all.end() &&
               (match - columns.all.begin() != label || own_label < 0)) {
      position[c] = match - columns.all.begin();
      found[static_cast<std::size_t>(position[c])] = true;
    } else if (match == columns.all.end() && !unwanted[c] && !(c == 0 && head.index)) {
      extra.push_back(printable(names[c]));
    }
  }
  std::vector<std::string> missing;
  for (std::size_t i = 0; i < columns.all.size(); ++i) {
    const ColumnUse use = columns.all[i].use;
    const bool needed =
        use == ColumnUse::label ? !options.optional_labels : use != ColumnUse::dropped;
    if (needed && !found[i]) {
      missing.push_back(printable(columns.all[i].name));
    }
  }
  if (missing.empty() && extra.empty()) {
    return position;
  }
  throw DataError(str(file, ":1: expected the columns of ", origin, ", found ",
                      missing.empty() ? "" : "no " + list_of(missing),
                      missing.empty() || extra.empty() ? "" : ", and ",
                      extra.empty() ? "" : "in addition " + list_of(extra),
                      ". Give the columns the same names",
                      extra.empty() ? "." : ", or leave others out with --drop."));
}

std::vector<std::int64_t> match_by_position(const CsvHead& head, const Columns& columns,
                                            const ReadOptions& options, const std::string& file,
                                            const std::string& origin) {
  const std::int64_t label = columns.label();
  std::vector<std::int64_t> features;
  std::vector<std::int64_t> all;
  for (std::size_t i = 0; i < columns.all.size(); ++i) {
    all.push_back(static_cast<std::int64_t>(i));
    const ColumnUse use = columns.all[i].use;
    if (use == ColumnUse::feature || use == ColumnUse::category) {
      features.push_back(static_cast<std::int64_t>(i));
    }
  }
  const auto with_label = [&](std::vector<std::int64_t> positions) {
    positions.erase(std::remove(positions.begin(), positions.end(), label), positions.end());
    if (label >= 0) {
      std::int64_t at = std::count_if(positions.begin(), positions.end(),
                                      [&](std::int64_t i) { return i < label; });
      if (!options.table.label.empty()) {
        at = column_called(head, options.table.label, "--label " + options.table.label, file);
      }
      positions.insert(positions.begin() + std::min<std::int64_t>(at, std::ssize(positions)),
                       label);
    }
    return positions;
  };
  const auto without_label = [&](std::vector<std::int64_t> positions) {
    positions.erase(std::remove(positions.begin(), positions.end(), label), positions.end());
    return positions;
  };
  // The file may have the columns that were dropped in training, or not; and a label, or not.
  std::vector<std::vector<std::int64_t>> fitting;
  for (const auto& positions : {all, features}) {
    std::vector<std::vector<std::int64_t>> forms = {with_label(positions)};
    if (options.optional_labels && options.table.label.empty()) {
      forms.push_back(without_label(positions));
    }
    for (auto& form : forms) {
      if (std::ssize(form) == head.columns &&
          std::find(fitting.begin(), fitting.end(), form) == fitting.end()) {
        fitting.push_back(std::move(form));
      }
    }
  }
  if (fitting.size() == 1) {
    return fitting.front();
  }
  if (fitting.size() > 1) {
    throw DataError(str(file, ":1: expected columns that can be told apart, found ", head.columns,
                        " without names, which may be with or without the label. Add a header."));
  }
  const auto count = std::ssize(features);
  if (options.optional_labels && !options.table.label.empty()) {
    throw DataError(str(file, ":1: expected ", count + 1, " columns, the features and the label ",
                        printable(options.table.label), ", found ", head.columns,
                        ". For samples without labels leave out --label."));
  }
  throw DataError(str(file, ":1: expected ",
                      options.optional_labels
                          ? str(count, " columns (the features), or ", count + 1,
                                " (and a label), as the model was trained on")
                          : str(columns.all.size(), " columns as in ", origin),
                      ", found ", head.columns, ". Give the same columns as there."));
}

}  // namespace

std::vector<std::string> names_in(const std::string& list) {
  CsvRecord record(',');
  record.split(list.data(), list.data() + list.size());
  std::vector<std::string> names;
  for (const CsvField& field : record.fields()) {
    if (!field.text.empty()) {
      names.emplace_back(field.text);
    }
  }
  return names;
}

Columns choose_columns(const CsvHead& head, const ReadOptions& options, const std::string& file) {
  const std::vector<bool> dropped = chosen_to_drop(head, options, file);
  const std::int64_t label =
      options.table.label.empty()
          ? usual_label(head,
                        options.table.only.empty() ? dropped : std::vector<bool>(dropped.size()),
                        file)
          : column_called(head, options.table.label, "--label " + options.table.label, file);
  Columns columns{.missing = options.table.missing};
  columns.all.resize(static_cast<std::size_t>(head.columns));
  if (!head.names.empty()) {
    const auto names = unique_names(head.names);
    for (std::size_t c = 0; c < names.size(); ++c) {
      columns.all[c].name = names[c];
    }
  }
  for (std::size_t c = 0; c < dropped.size(); ++c) {
    columns.all[c].use = dropped[c] ? ColumnUse::dropped : ColumnUse::feature;
  }
  if (label >= 0) {
    ColumnUse& use = columns.all[static_cast<std::size_t>(label)].use;
    if (use == ColumnUse::dropped && options.table.only.empty()) {
      throw DataError(str(file, ":1: expected a label that is not left out, found ",
                          head.describe(label), " as label and as --drop. Correct one of them."));
    }
    use = ColumnUse::label;
  }
  for (const std::string& name : names_in(options.table.one_hot)) {
    const std::int64_t column = column_called(head, name, "--one-hot " + name, file);
    ColumnUse& use = columns.all[static_cast<std::size_t>(column)].use;
    if (use != ColumnUse::feature) {
      throw DataError(str(file, ":1: expected features as --one-hot, found ", head.describe(column),
                          ", which is ", use == ColumnUse::label ? "the label" : "left out",
                          ". Correct --one-hot."));
    }
    use = ColumnUse::category;
  }
  std::int64_t features = 0;
  std::int64_t text = -1;  // the column of the first text in place of a number
  for (std::size_t c = 0; c < columns.all.size(); ++c) {
    if (columns.all[c].use == ColumnUse::feature && !head.text[c].empty() &&
        (text < 0 || head.text_line[c] < head.text_line[static_cast<std::size_t>(text)])) {
      text = static_cast<std::int64_t>(c);
    }
    features +=
        columns.all[c].use == ColumnUse::feature || columns.all[c].use == ColumnUse::category ? 1
                                                                                              : 0;
  }
  if (text >= 0) {
    refuse_text(head, text, file);
  }
  if (features == 0) {
    throw DataError(str(file, ":1: expected at least 2 columns (features and a label), found ",
                        head.columns, head.columns > 1 ? " of which no feature is left" : "",
                        ". Is the separator one of comma, semicolon and tab?"));
  }
  return columns;
}

std::vector<std::int64_t> match_columns(const CsvHead& head, const Columns& columns,
                                        const ReadOptions& options, const std::string& file,
                                        const std::string& origin) {
  return columns.named() && !head.names.empty()
             ? match_by_name(head, columns, options, file, origin)
             : match_by_position(head, columns, options, file, origin);
}

}  // namespace dga
