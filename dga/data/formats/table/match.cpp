// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/table/match.h"

#include <algorithm>
#include <utility>

#include "dga/base/error.h"
#include "dga/data/formats/table/column_names.h"
#include "dga/data/formats/table/columns.h"
#include "dga/storage/byte_source.h"

namespace dga {
namespace {

/// The label of a file that is not a training file, as --label says: under another name than in
/// training, or -1. For further files of a training, --label is about the first.
std::int64_t own_label_of(const TableHead& head, const ReadOptions& options,
                          const std::string& file) {
  return !options.optional_labels || options.table.label.empty()
             ? -1
             : column_called(head, options.table.label, "--label " + options.table.label, file);
}

/// The columns of a file, other than the first of a training, that --drop leaves out.
std::vector<std::int64_t> own_drops(const TableHead& head, const Columns& columns,
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
    } else if (here || (options.optional_labels && !in_training && has_column(head, name))) {
      dropped.push_back(column_called(head, name, "--drop " + name, file));
    }
  }
  return dropped;
}

std::vector<std::int64_t> match_by_name(const TableHead& head, const Columns& columns,
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
  const std::vector<std::string> only = names_in(options.table.only);
  const auto left_out = [&](const std::string& name) {
    return !only.empty() && std::find(only.begin(), only.end(), name) == only.end();
  };
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
    } else if (match == columns.all.end() && !head.index[c] && !left_out(names[c])) {
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
  throw DataError(str(head.place(file), ": expected the columns of ", origin, ", found ",
                      missing.empty() ? "" : "no " + list_of(missing),
                      missing.empty() || extra.empty() ? "" : ", and ",
                      extra.empty() ? "" : "in addition " + list_of(extra),
                      ". Give the columns the same names",
                      extra.empty() ? "." : ", or leave others out with --drop."));
}

/// A column that is named as a label must not become a feature because the training has no names to
/// match it with. Leaves the fitting forms that take such a column as the label; throws DataError
/// if there were some and none is left. `kept`: the columns of the file that the forms are about.
void refuse_named_labels(const std::vector<std::int64_t>& kept,
                         std::vector<std::vector<std::int64_t>>& fitting, const TableHead& head,
                         const Columns& columns, const ReadOptions& options,
                         const std::string& file) {
  std::vector<std::int64_t> named = usual_labels(head);
  std::erase_if(named, [&](std::int64_t column) {
    return std::find(kept.begin(), kept.end(), column) == kept.end();
  });
  const std::int64_t label = columns.label();
  if (columns.named() || named.empty() || fitting.empty() || label < 0 ||
      (options.optional_labels && !options.table.label.empty())) {
    return;
  }
  std::erase_if(fitting, [&](const std::vector<std::int64_t>& form) {
    const auto at = std::find(form.begin(), form.end(), label);
    return at == form.end() ||
           std::find(named.begin(), named.end(),
                     kept[static_cast<std::size_t>(at - form.begin())]) == named.end();
  });
  if (fitting.empty()) {
    throw DataError(str(head.place(file), ": expected features without names of labels, since the ",
                        "training data has no names, found ", head.describe(named.front()), ". ",
                        options.optional_labels
                            ? str("If it is the label, say so with --label ",
                                  head.handle(named.front()), "; if it is a feature, rename it.")
                            : "Give the columns in the order of the training, or rename it."));
  }
}

std::vector<std::int64_t> match_by_position(const TableHead& head, const Columns& columns,
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
  refuse_named_labels(kept, fitting, head, columns, options, file);
  if (fitting.size() == 1) {
    std::vector<std::int64_t> positions(static_cast<std::size_t>(head.columns), -1);
    for (std::size_t i = 0; i < kept.size(); ++i) {
      positions[static_cast<std::size_t>(kept[i])] = fitting.front()[i];
    }
    return positions;
  }
  if (fitting.size() > 1) {
    throw DataError(str(head.place(file), ": expected columns that can be told apart, found ",
                        kept.size(),
                        " without names, which may be with or without the label. Add a header."));
  }
  const auto count = std::ssize(features);
  if (options.optional_labels && !options.table.label.empty()) {
    throw DataError(str(head.place(file), ": expected ", count + 1,
                        " columns, the features and the label ", printable(options.table.label),
                        ", found ", kept.size(),
                        ". For samples without labels leave out --label."));
  }
  throw DataError(str(head.place(file), ": expected ",
                      options.optional_labels
                          ? str(count, " columns (the features), or ", count + 1,
                                " (and a label), as the model was trained on")
                          : str(columns.all.size(), " columns as in ", origin),
                      ", found ", kept.size(), ". Give the same columns as there."));
}

}  // namespace

std::vector<std::int64_t> match_columns(const TableHead& head, const Columns& columns,
                                        const ReadOptions& options, const std::string& file,
                                        const std::string& origin) {
  return columns.named() && !head.names.empty()
             ? match_by_name(head, columns, options, file, origin)
             : match_by_position(head, columns, options, file, origin);
}

}  // namespace dga
