// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/csv_columns.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <utility>

#include "dga/base/error.h"
#include "dga/base/lower_case.h"
#include "dga/data/formats/csv_record.h"
#include "dga/data/formats/csv_value.h"

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
  if (options.table.only.empty()) {
    std::fill_n(dropped.begin(), head.index_columns, true);
  }
  return dropped;
}

[[noreturn]] void refuse_text(const CsvHead& head, std::int64_t column, const std::string& file) {
  const auto at = static_cast<std::size_t>(column);
  const std::string name = handle(head, column);
  const bool comma = is_csv_number(head.text[at], ',');
  throw DataError(str(file, ":", head.text_line[at], ": expected a number in ",
                      head.describe(column), ", found the text \"", printable(head.text[at]),
                      "\". Correct the line, leave the column out with --drop ", name,
                      ", or encode its texts with --one-hot ", name,
                      comma ? "; numbers with a decimal comma need --decimal ,." : "."));
}

/// The label of a file that is not a training file, as --label says: under another name than in
/// training, or -1. For further files of a training, --label is about the first.
std::int64_t own_label_of(const CsvHead& head, const ReadOptions& options,
                          const std::string& file) {
  return !options.optional_labels || options.table.label.empty()
             ? -1
             : column_called(head, options.table.label, "--label " + options.table.label, file);
}

/// The columns of a file, other than the first of a training, that --drop leaves out.
std::vector<std::int64_t> own_drops(const CsvHead& head, const Columns& columns,
                                    const ReadOptions& options, const std::string& file) {
  std::vector<std::int64_t> dropped;
  const std::vector<std::string> called = unique_names(head.names);  // in messages
  for (const std::string& name : names_in(options.table.drop)) {
    const bool here = std::find(head.names.begin(), head.names.end(), name) != head.names.end();
    const auto found = std::find(called.begin(), called.end(), name);
    const bool in_training = std::any_of(columns.all.begin(), columns.all.end(),
                                         [&](const Column& column) { return column.name == name; });
    // What only the training set has is not missed here, and the numbers of a training are those of
    // its first file.
    if (!here && found != called.end()) {
      dropped.push_back(found - called.begin());
    } else if (here || (options.optional_labels && !in_training)) {
      dropped.push_back(column_called(head, name, "--drop " + name, file));
    }
  }
  return dropped;
}

std::vector<std::int64_t> match_by_name(const CsvHead& head, const Columns& columns,
                                        const ReadOptions& options, const std::string& file,
                                        const std::string& origin) {
  const std::vector<std::string> names = unique_names(head.names);
  std::vector<std::int64_t> position(names.size(), -1);
  std::vector<bool> found(columns.all.size(), false);
  std::vector<bool> unwanted(names.size(), false);  // by --drop
  for (const std::int64_t column : own_drops(head, columns, options, file)) {
    unwanted[static_cast<std::size_t>(column)] = true;
  }
  const std::int64_t label = columns.label();
  const std::int64_t own_label = own_label_of(head, options, file);
  std::vector<std::string> extra;
  for (std::size_t c = 0; c < names.size(); ++c) {
    const auto match = std::find_if(columns.all.begin(), columns.all.end(),
                                    [&](const Column& column) { return column.name == names[c]; });
    if (unwanted[c]) {
      continue;
    }
    if (static_cast<std::int64_t>(c) == own_label && label >= 0) {
      position[c] = label;
      found[static_cast<std::size_t>(label)] = true;
    } else if (match != columns.all.end() &&
               (match - columns.all.begin() != label || own_label < 0)) {
      position[c] = match - columns.all.begin();
      found[static_cast<std::size_t>(position[c])] = true;
    } else if (match == columns.all.end() && std::cmp_greater_equal(c, head.index_columns)) {
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
  std::vector<std::int64_t> kept;  // the columns of the file that --drop does not leave out
  const std::vector<std::int64_t> drops = own_drops(head, columns, options, file);
  for (std::int64_t c = 0; c < head.columns; ++c) {
    if (std::find(drops.begin(), drops.end(), c) == drops.end()) {
      kept.push_back(c);
    }
  }
  const std::int64_t own_label = own_label_of(head, options, file);
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
      if (own_label >= 0) {
        at = std::count_if(kept.begin(), kept.end(), [&](std::int64_t c) { return c < own_label; });
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
      if (form.size() == kept.size() &&
          std::find(fitting.begin(), fitting.end(), form) == fitting.end()) {
        fitting.push_back(std::move(form));
      }
    }
  }
  if (fitting.size() == 1) {
    std::vector<std::int64_t> positions(static_cast<std::size_t>(head.columns), -1);
    for (std::size_t i = 0; i < kept.size(); ++i) {
      positions[static_cast<std::size_t>(kept[i])] = fitting.front()[i];
    }
    return positions;
  }
  if (fitting.size() > 1) {
    throw DataError(str(file, ":1: expected columns that can be told apart, found ", kept.size(),
                        " without names, which may be with or without the label. Add a header."));
  }
  const auto count = std::ssize(features);
  if (options.optional_labels && !options.table.label.empty()) {
    throw DataError(str(file, ":1: expected ", count + 1, " columns, the features and the label ",
                        printable(options.table.label), ", found ", kept.size(),
                        ". For samples without labels leave out --label."));
  }
  throw DataError(str(file, ":1: expected ",
                      options.optional_labels
                          ? str(count, " columns (the features), or ", count + 1,
                                " (and a label), as the model was trained on")
                          : str(columns.all.size(), " columns as in ", origin),
                      ", found ", kept.size(), ". Give the same columns as there."));
}

}  // namespace

std::vector<std::string> names_in(const std::string& list) {
  CsvRecord record(',');
  record.split(list.data(), list.data() + list.size());
  if (record.fault() != CsvRecord::Fault::none) {
    throw DataError(str("[data] names of columns: expected a list such as a,b or \"a,b\",c, found ",
                        printable(list), ". Give each quote its end, with a comma after it."));
  }
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
                        options.table.drop.empty() && options.table.only.empty()
                            ? ". Is the separator one of comma, semicolon and tab?"
                            : ". Name other columns in --drop and --only."));
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
