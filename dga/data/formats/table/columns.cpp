// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/table/columns.h"

#include <algorithm>
#include <array>
#include <functional>
#include <string_view>

#include "dga/base/error.h"
#include "dga/base/lower_case.h"
#include "dga/data/formats/table/column_names.h"
#include "dga/data/formats/table/value.h"
#include "dga/storage/byte_source.h"

namespace dga {
namespace {

constexpr std::array<std::string_view, 4> kLabelNames = {"label", "class", "target", "y"};

/// The label column without --label: the one with a usual name, else the last.
std::int64_t usual_label(const TableHead& head, const std::vector<bool>& dropped,
                         const std::string& file) {
  std::vector<std::int64_t> found = usual_labels(head);
  std::erase_if(found,
                [&](std::int64_t column) { return dropped[static_cast<std::size_t>(column)]; });
  if (found.size() > 1) {
    std::vector<std::string> names;
    names.reserve(found.size());
    for (const std::int64_t column : found) {
      names.push_back(head.names[static_cast<std::size_t>(column)]);
    }
    throw DataError(str(head.place(file),
                        ": expected one column named label, class, target or y, found ",
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

[[noreturn]] void refuse_text(const TableHead& head, std::int64_t column, const std::string& file) {
  const auto at = static_cast<std::size_t>(column);
  const std::string name = head.handle(column);
  const bool comma = is_number(head.text[at], ',');
  throw DataError(str(head.place(file, head.text_line[at]), ": expected a number in ",
                      head.describe(column), ", found the text \"", printable(head.text[at]),
                      "\". Correct the ", head.record(), ", leave the column out with --drop ",
                      name, ", or encode its texts with --one-hot ", name,
                      comma ? "; numbers with a decimal comma need --decimal ,." : "."));
}

}  // namespace

std::vector<bool> columns_to_drop(const TableHead& head, const ReadOptions& options,
                                  const std::string& file) {
  std::vector<bool> dropped(static_cast<std::size_t>(head.columns), !options.table.only.empty());
  for (const std::string& name : names_in(options.table.only)) {
    dropped[static_cast<std::size_t>(column_called(head, name, "--only " + name, file))] = false;
  }
  for (const std::string& name : names_in(options.table.drop)) {
    if (has_column(head, name)) {
      dropped[static_cast<std::size_t>(column_called(head, name, "--drop " + name, file))] = true;
    }
  }
  return dropped;
}

void check_drops(std::span<const TableHead* const> heads, const ReadOptions& options,
                 const std::string& file) {
  const bool training = options.columns == nullptr;
  for (const std::string& name : names_in(options.table.drop)) {
    const bool left_out_before =
        !training && std::any_of(options.columns->all.begin(), options.columns->all.end(),
                                 [&](const Column& column) { return column.name == name; });
    const bool known = std::any_of(heads.begin(), heads.end(), [&](const TableHead* head) {
      // The numbers of a training are those of its first file, and only there no other form of a
      // name is known.
      const bool first = training && head == heads.front();
      const std::vector<std::string> called = unique_names(head->names);
      return ((first || options.optional_labels) && has_column(*head, name)) ||
             (!first && std::find(called.begin(), called.end(), name) != called.end());
    });
    if (known || left_out_before) {
      continue;
    }
    if (options.unknown_drops == nullptr) {
      column_called(*heads.front(), name, "--drop " + name, file);
    } else {
      options.unknown_drops->push_back(name);
    }
  }
}

void refuse_unknown_drops(const std::vector<std::string>& names, const Samples& train) {
  if (names.empty()) {
    return;
  }
  std::vector<std::string> known;
  for (const Column& column : train.columns.all) {
    known.push_back(column.name);
  }
  throw DataError(str(train.parts.front().file, ": expected columns of some file as --drop, found ",
                      list_of(names), ", which none has",
                      train.columns.named() ? str("; the training has ", list_of(known)) : "",
                      ". Correct --drop."));
}

std::vector<std::int64_t> usual_labels(const TableHead& head) {
  std::vector<std::int64_t> found;
  for (std::size_t c = 0; c < head.names.size(); ++c) {
    if (std::find(kLabelNames.begin(), kLabelNames.end(), lower_case(head.names[c])) !=
        kLabelNames.end()) {
      found.push_back(static_cast<std::int64_t>(c));
    }
  }
  return found;
}

Columns choose_columns(const TableHead& head, const ReadOptions& options, const std::string& file) {
  std::vector<bool> dropped = columns_to_drop(head, options, file);
  if (options.table.only.empty()) {
    std::transform(dropped.begin(), dropped.end(), head.index.begin(), dropped.begin(),
                   std::logical_or<>());
  }
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
      throw DataError(str(head.place(file), ": expected a label that is not left out, found ",
                          head.describe(label), " as label and as --drop. Correct one of them."));
    }
    use = ColumnUse::label;
  }
  for (const std::string& name : names_in(options.table.one_hot)) {
    const std::int64_t column = column_called(head, name, "--one-hot " + name, file);
    ColumnUse& use = columns.all[static_cast<std::size_t>(column)].use;
    if (use != ColumnUse::feature) {
      throw DataError(str(head.place(file), ": expected features as --one-hot, found ",
                          head.describe(column), ", which is ",
                          use == ColumnUse::label ? "the label" : "left out",
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
    throw DataError(
        str(head.place(file), ": expected at least 2 columns (features and a label), found ",
            head.columns, head.columns > 1 ? " of which no feature is left" : "",
            options.table.drop.empty() && options.table.only.empty()
                ? head.first_line > 0 ? ". Is the separator one of comma, semicolon and tab?"
                                      : ". Give a table with both."
                : ". Name other columns in --drop and --only."));
  }
  return columns;
}

}  // namespace dga
