// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "dga/base/error.h"
#include "dga/base/one_line.h"
#include "dga/data/formats/table/categories.h"
#include "dga/data/formats/table/centre.h"
#include "dga/data/formats/table/column_names.h"
#include "dga/data/formats/table/columns.h"
#include "dga/data/formats/table/match.h"
#include "dga/data/formats/table/reading.h"
#include "dga/data/formats/table/table_parser.h"
#include "dga/data/formats/table/value.h"
#include "dga/data/line_numbers.h"
#include "dga/data/stream/text_index.h"

namespace dga {
namespace {

using Slot = TableLayout::Slot;

/// Sets what each column of a file is used for. `positions`: of its columns in samples.columns; -1
/// for one that is not used.
void lay_out(TableReading& reading, std::size_t file, const std::vector<std::int64_t>& positions) {
  TableLayout& layout = reading.layouts[file];
  layout.uses.resize(positions.size());
  for (std::size_t c = 0; c < positions.size(); ++c) {
    TableLayout::Use& use = layout.uses[c];
    if (positions[c] < 0) {
      continue;
    }
    const Column& column = reading.samples.columns.all[static_cast<std::size_t>(positions[c])];
    if (column.use == ColumnUse::label) {
      use.slot = Slot::label;
      layout.label = static_cast<std::int64_t>(c);
      continue;
    }
    if (column.use == ColumnUse::dropped) {
      const auto index =
          std::find(reading.index_columns.begin(), reading.index_columns.end(), positions[c]);
      if (index != reading.index_columns.end()) {
        use = {Slot::index, index - reading.index_columns.begin()};
      }
      continue;
    }
    const auto feature = std::lower_bound(reading.feature_columns.begin(),
                                          reading.feature_columns.end(), positions[c]);
    use.position = feature - reading.feature_columns.begin();
    use.slot = column.use == ColumnUse::category ? Slot::category : Slot::number;
  }
  if (file > 0 && (layout.label < 0) != (reading.layouts[0].label < 0)) {
    throw DataError(str(layout.head.place(reading.files[file]->name()), ": expected ",
                        layout.label < 0 ? "a label as in " : "no label, as in ",
                        reading.files[0]->name(), ", found ", layout.label < 0 ? "none" : "one",
                        ". Keep samples with and without labels in different folders."));
  }
}

/// Samples to predict may have a column for the label without any. It is not used then.
void drop_empty_labels(TableReading& reading, std::size_t file,
                       std::vector<std::int64_t>& positions) {
  const TableHead& head = reading.layouts[file].head;
  const std::int64_t label = reading.samples.columns.label();
  for (std::size_t c = 0; c < positions.size(); ++c) {
    if (reading.options.optional_labels && label >= 0 && positions[c] == label && head.empty[c]) {
      positions[c] = -1;
      reading.samples.notices.push_back(
          str(head.place(reading.files[file]->name(), head.first_line), ": ",
              head.describe(static_cast<std::int64_t>(c)),
              ", the label, has no values in the first ", head.record(), "s. It is not used."));
    }
  }
}

/// Says which columns are left out as an index, if any are.
void note_index(TableReading& reading) {
  const TableHead& head = reading.layouts.front().head;
  const std::string place = head.place(reading.files.front()->name());
  const auto count = std::count(head.index.begin(), head.index.end(), true);
  if (count > 0 && head.first_line == 0) {
    std::vector<std::string> names;
    for (std::size_t c = 0; c < head.index.size(); ++c) {
      if (head.index[c]) {
        names.push_back(head.names[c]);
      }
    }
    reading.samples.notices.push_back(
        str(place, ": ", list_of(names),
            count == 1 ? " is an index of pandas. It is" : " are indices of pandas. They are",
            " left out."));
  } else if (count > 0) {
    reading.samples.notices.push_back(str(
        place, ": the first ",
        count == 1 ? "column has no name and holds" : str(count, " columns have no names and hold"),
        " different integers. ", count == 1 ? "It is" : "They are", " left out, as an index."));
  }
}

/// Finds the columns of the training that only an index is left out for. Of Parquet, pandas says
/// which they are.
void find_index_columns(TableReading& reading) {
  const TableHead& head = reading.layouts.front().head;
  const std::vector<bool> dropped =
      columns_to_drop(head, reading.options, reading.files.front()->name());
  for (std::size_t c = 0; head.first_line > 0 && c < head.index.size(); ++c) {
    if (head.index[c] && !dropped[c]) {
      reading.index_columns.push_back(static_cast<std::int64_t>(c));
    }
  }
}

/// Throws for a column that is used, but holds neither numbers nor texts.
void refuse_unreadable(const TableReading& reading, std::size_t file) {
  const TableLayout& layout = reading.layouts[file];
  for (std::size_t c = 0; c < layout.head.unreadable.size(); ++c) {
    if (layout.uses[c].slot != Slot::skip && !layout.head.unreadable[c].empty()) {
      const auto column = static_cast<std::int64_t>(c);
      const std::string place = layout.head.place(reading.files[file]->name());
      throw DataError(str(place, ": expected numbers or texts in ", layout.head.describe(column),
                          ", found ", layout.head.unreadable[c],
                          ". Leave the column out with --drop ", layout.head.handle(column),
                          layout.uses[c].slot == Slot::label && reading.options.table.label.empty()
                              ? ", or choose the label with --label."
                              : "."));
    }
  }
}

/// Reads the first records of all files, and decides what their columns are used for.
TableReading prepare(std::span<const SourcePtr> files, const ReadOptions& options,
                     const TableParser& parser) {
  TableReading reading{.options = options, .parser = parser};
  for (const SourcePtr& file : files) {
    const Columns* const known = options.columns != nullptr ? options.columns
                                 : reading.layouts.empty()  ? nullptr
                                                            : &reading.samples.columns;
    reading.files.push_back(file);
    reading.layouts.push_back({.head = parser.head(reading.files.back(), known),
                               .decimal = mark_of(options.table.decimal),
                               .missing = options.table.missing,
                               .regression = options.task == Task::regression,
                               .optional_labels = options.optional_labels});
    const TableHead& head = reading.layouts.back().head;
    reading.samples.notices.insert(reading.samples.notices.end(), head.notices.begin(),
                                   head.notices.end());
    if (known == nullptr) {
      reading.samples.columns = choose_columns(head, options, reading.files.back()->name());
    }
  }
  const TableHead& head = reading.layouts.front().head;
  std::vector<const TableHead*> heads;
  heads.reserve(reading.layouts.size());
  for (const TableLayout& layout : reading.layouts) {
    heads.push_back(&layout.head);
  }
  check_drops(heads, options, reading.files.front()->name());
  if (options.columns != nullptr) {
    reading.samples.columns = *options.columns;
  } else if (options.table.only.empty()) {
    note_index(reading);
    find_index_columns(reading);
  }
  for (std::size_t i = 0; i < reading.samples.columns.all.size(); ++i) {
    const ColumnUse use = reading.samples.columns.all[i].use;
    if (use == ColumnUse::feature || use == ColumnUse::category) {
      reading.feature_columns.push_back(static_cast<std::int64_t>(i));
      reading.has_categories = reading.has_categories || use == ColumnUse::category;
    }
  }
  reading.width = std::ssize(reading.feature_columns);
  if (const std::int64_t label = reading.samples.columns.label(); label >= 0) {
    const std::string& name = reading.samples.columns.all[static_cast<std::size_t>(label)].name;
    reading.samples.label = name.empty() ? str("column ", label + 1) : name;
  }
  for (std::size_t file = 0; file < reading.files.size(); ++file) {
    std::vector<std::int64_t> positions;
    if (options.columns == nullptr && file == 0) {
      for (std::int64_t i = 0; i < head.columns; ++i) {
        positions.push_back(i);
      }
    } else {
      positions = match_columns(
          reading.layouts[file].head, reading.samples.columns, options, reading.files[file]->name(),
          options.columns != nullptr ? "the training data" : reading.files[0]->name());
    }
    drop_empty_labels(reading, file, positions);
    lay_out(reading, file, positions);
    refuse_unreadable(reading, file);
  }
  return reading;
}

bool label_is_text(const TableReading& reading) {
  if (reading.options.task == Task::regression || reading.layouts.front().label < 0) {
    return false;
  }
  if (reading.options.columns != nullptr) {
    return reading.options.columns->text_labels;
  }
  return std::any_of(reading.layouts.begin(), reading.layouts.end(), [](const TableLayout& layout) {
    const auto label = static_cast<std::size_t>(layout.label);
    return !layout.head.text[label].empty() ||
           (!layout.head.booleans.empty() && layout.head.booleans[label]);
  });
}

/// Moves the samples of each piece up to those before it, where some were left out.
void close_gaps(TableReading& reading) {
  std::int64_t count = 0;
  reading.samples.dropped_samples = 0;
  reading.samples.missing_samples = 0;
  for (std::size_t i = 0; i < reading.pieces.size(); ++i) {
    const std::int64_t from = reading.pieces[i].first_row;
    const std::int64_t rows = reading.results[i].rows;
    if (from != count) {
      if (reading.samples.features) {
        std::memmove(reading.samples.features.get() + count * reading.width,
                     reading.samples.features.get() + from * reading.width,
                     static_cast<std::size_t>(rows * reading.width) * sizeof(float));
      }
      if (reading.samples.labels) {
        std::memmove(&reading.samples.labels[count], &reading.samples.labels[from],
                     static_cast<std::size_t>(rows) * sizeof(std::int64_t));
      }
      if (reading.samples.targets) {
        std::memmove(&reading.samples.targets[count], &reading.samples.targets[from],
                     static_cast<std::size_t>(rows) * sizeof(float));
      }
    }
    reading.samples.dropped_samples += reading.pieces[i].rows - rows;
    reading.samples.missing_samples += reading.results[i].missing;
    count += rows;
  }
  reading.samples.count = count;
  if (count == 0) {
    throw DataError(str(reading.files.front()->name(),
                        ": expected samples without missing values, found none in all ",
                        reading.samples.dropped_samples,
                        reading.options.columns == nullptr
                            ? ". Use --missing mean, or leave columns out with --drop."
                            : ". Fill in the values."));
  }
}

/// Adds the samples of a piece to their part.
void add_piece(Samples::Part& part, const TablePiece& piece, const TableReading::Piece& result) {
  if (part.lines.empty() && result.lines.empty() &&
      piece.first_line == part.first_line + part.count) {
    part.count += result.rows;
    return;
  }
  for (std::int64_t row = 0; row < result.rows; ++row, ++part.count) {
    const std::int64_t line =
        result.lines.empty() ? piece.first_line + row : result.lines[static_cast<std::size_t>(row)];
    keep_line(part.lines, part.first_line, part.count, line);
  }
}

void find_parts(TableReading& reading) {
  for (std::size_t i = 0; i < reading.pieces.size(); ++i) {
    const std::size_t file = reading.pieces[i].file;
    if (i == 0 || file != reading.pieces[i - 1].file) {
      reading.samples.parts.push_back({.file = reading.files[file]->name(),
                                       .first_line = reading.layouts[file].head.first_line});
    }
    add_piece(reading.samples.parts.back(), reading.pieces[i], reading.results[i]);
    reading.results[i].lines = {};
  }
}

/// The origins of the columns, from those of encoded samples.
Origins origins_by_column(const TableReading& reading) {
  Origins origins = reading.samples.origins;
  if (!origins.features.empty() && reading.has_categories) {
    const std::vector<std::int64_t> offsets = reading.encoded_offsets();
    std::vector<double> columns(static_cast<std::size_t>(reading.width));
    for (std::int64_t f = 0; f < reading.width; ++f) {
      const auto at = static_cast<std::size_t>(f);
      const bool category = reading.column_of(f).use == ColumnUse::category;
      columns[at] = category ? 0 : origins.features[static_cast<std::size_t>(offsets[at])];
    }
    origins.features = std::move(columns);
  }
  return origins;
}

/// The samples of a pass that was made before. `reading` is prepared.
Samples take_pass(TableReading& reading, TextPass& pass, const TableParser& parser) {
  reading.samples = std::move(pass.samples);
  for (TableLayout& layout : reading.layouts) {
    layout.text_labels = reading.samples.columns.text_labels;
  }
  reading.results = {{.rows = reading.samples.count, .marks = std::move(pass.marks)}};
  reading.samples.blocks = parser.blocks(reading, origins_by_column(reading));
  return std::move(reading.samples);
}

/// Parses the files, and returns whether the labels are texts.
bool parse_table(TableReading& reading) {
  const ReadOptions& options = reading.options;
  const bool may_be_text = options.task == Task::classification && options.columns == nullptr;
  const bool text_labels = label_is_text(reading);
  try {
    reading.parser.parse(reading, text_labels);
    close_gaps(reading);
    const bool integers = options.columns == nullptr && !text_labels && reading.samples.labels;
    const std::string fault = integers ? explain_padded_labels(reading) : "";
    if (fault.empty()) {
      return text_labels;
    }
    if (!may_be_text) {
      throw DataError(str(reading.files.front()->name(), ": ", fault,
                          ". Write it in one form, or take all labels as texts with --task "
                          "classification."));
    }
  } catch (const TextLabel& found) {
    if (!may_be_text) {
      throw DataError(
          str(found.place, ": expected an integer as label like those before it, found \"",
              printable(found.text), "\". ",
              options.columns != nullptr ? "Give labels of the training set." : kMixedLabels));
    }
  }
  reading.parser.parse(reading, true);
  close_gaps(reading);
  return true;
}

}  // namespace

Samples read_table(std::span<const SourcePtr> files, const ReadOptions& options,
                   const TableParser& parser) {
  TableReading reading = prepare(files, options, parser);
  if (options.pass != nullptr) {
    return take_pass(reading, *options.pass, parser);
  }
  const bool text_labels = parse_table(reading);
  check_index(reading);
  find_parts(reading);
  reading.samples.shape = {reading.width};
  reading.samples.columns.text_labels = text_labels;
  if (text_labels) {
    number_labels(reading);
  }
  centre_table(reading);
  const Origins origins = reading.samples.origins;  // by column, before categories are encoded
  if (reading.has_categories) {
    encode_categories(reading);
  }
  if (options.in_place) {
    reading.samples.blocks = parser.blocks(reading, origins);
  }
  return std::move(reading.samples);
}

}  // namespace dga
