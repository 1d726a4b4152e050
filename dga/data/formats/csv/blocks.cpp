// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/csv/blocks.h"

#include <algorithm>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include "dga/data/formats/csv/rows.h"
#include "dga/data/formats/table/categories.h"
#include "dga/data/stream/text_blocks.h"

namespace dga {
namespace {

using Slot = TableLayout::Slot;

/// What is known about the columns after the first reading.
struct CsvPlan {
  std::vector<TableLayout> layouts = {};   // by file
  std::vector<std::int64_t> centred = {};  // the columns with an origin, ascending
  std::vector<double> origins = {};        // of these
  std::int64_t columns = 0;                // features, before categories are encoded
  // --- of categories; empty without
  std::vector<TextCodes> texts = {};                      // by column: its categories, in order
  std::vector<std::vector<std::int64_t>> positions = {};  // by column: 0, 1, … for each of them
  std::vector<std::int64_t> offsets = {};                 // see encode_row
};

class CsvParser final : public TextParser {
 public:
  explicit CsvParser(std::shared_ptr<const CsvPlan> plan)
      : plan_(std::move(plan)),
        row_(static_cast<std::size_t>(plan_->columns), 0),
        wide_(plan_->centred.size()) {
    row_.texts = plan_->texts;
  }

  bool parse(std::size_t file, std::span<const char> text, std::int64_t skip, std::int64_t take,
             float* values) override {
    const bool categories = !plan_->texts.empty();
    const std::int64_t width = categories ? plan_->offsets.back() : plan_->columns;
    CsvRow into = row_.row();
    into.wide = wide_.data();
    CsvRows rows(plan_->layouts[file], text);
    while (take > 0) {
      if (rows.at_end()) {
        return false;
      }
      if (skip == 0 && !categories) {
        into.features = values;
      }
      const CsvOutcome outcome = rows.next(into);
      if (outcome == CsvOutcome::dropped) {
        continue;
      }
      if (outcome != CsvOutcome::read) {
        return false;
      }
      if (skip > 0) {
        --skip;
        continue;
      }
      for (std::size_t i = 0; i < wide_.size(); ++i) {
        into.features[plan_->centred[i]] = static_cast<float>(wide_[i] - plan_->origins[i]);
      }
      if (categories && !encode(values, width)) {
        return false;
      }
      values += width;
      --take;
    }
    return true;
  }

 private:
  /// Whether all texts are known.
  bool encode(float* values, std::int64_t width) const {
    for (std::size_t c = 0; c < row_.features.size(); ++c) {
      const std::vector<std::int64_t>& known = plan_->positions[c];
      if (!known.empty() && !(row_.features[c] < static_cast<float>(known.size()))) {
        return false;
      }
    }
    std::fill_n(values, width, 0.0F);
    encode_row(row_.features.data(), plan_->positions, plan_->offsets, values);
    return true;
  }

  std::shared_ptr<const CsvPlan> plan_;
  CsvRowBuffer row_;
  std::vector<double> wide_;
};

/// The layouts for reading features alone, those with an origin as f64. Labels are looked at only
/// where a missing one leaves the sample out.
std::vector<TableLayout> layouts_of_blocks(const TableReading& reading,
                                           const std::vector<std::int64_t>& centred) {
  std::vector<TableLayout> layouts = reading.layouts;
  for (TableLayout& layout : layouts) {
    for (TableLayout::Use& use : layout.uses) {
      const auto wide = std::lower_bound(centred.begin(), centred.end(), use.position);
      if (use.slot == Slot::number && wide != centred.end() && *wide == use.position) {
        use = {Slot::wide, wide - centred.begin()};
      } else if (use.slot == Slot::index ||
                 (use.slot == Slot::label && layout.missing != Missing::drop)) {
        use = {Slot::skip};
      }
    }
  }
  return layouts;
}

std::shared_ptr<const CsvPlan> plan_of(const TableReading& reading, const Origins& origins) {
  auto plan = std::make_shared<CsvPlan>();
  plan->columns = reading.width;
  plan->centred = features_with(origins);
  for (const std::int64_t column : plan->centred) {
    plan->origins.push_back(origins.features[static_cast<std::size_t>(column)]);
  }
  plan->layouts = layouts_of_blocks(reading, plan->centred);
  if (!reading.has_categories) {
    return plan;
  }
  plan->texts.resize(static_cast<std::size_t>(reading.width));
  plan->positions.resize(plan->texts.size());
  plan->offsets = reading.encoded_offsets();
  for (std::int64_t c = 0; c < reading.width; ++c) {
    const Column& column = reading.column_of(c);
    if (column.use != ColumnUse::category) {
      continue;
    }
    const auto at = static_cast<std::size_t>(c);
    for (const std::string& text : column.categories) {
      plan->texts[at].code(text);
    }
    plan->positions[at].resize(column.categories.size());
    std::iota(plan->positions[at].begin(), plan->positions[at].end(), std::int64_t{0});
  }
  return plan;
}

/// The marks of all pieces, with samples counted over all files.
std::vector<TextMark> marks_of(TableReading& reading) {
  std::size_t count = 0;
  for (const TableReading::Piece& result : reading.results) {
    count += result.marks.size();
  }
  std::vector<TextMark> marks;
  marks.reserve(count);
  std::int64_t first = 0;
  for (TableReading::Piece& result : reading.results) {
    for (TextMark mark : std::exchange(result.marks, {})) {
      mark.sample += first;
      marks.push_back(mark);
    }
    first += result.rows;
  }
  return marks;
}

}  // namespace

std::shared_ptr<const BlockReader> csv_blocks(TableReading& reading, const Origins& origins) {
  TextFiles text{.files = reading.files,
                 .marks = marks_of(reading),
                 .samples = reading.samples.count,
                 .width = reading.samples.shape.front(),
                 .missing_allowed = reading.options.table.missing == Missing::mean};
  for (const TableLayout& layout : reading.layouts) {
    text.ends.push_back(layout.head.end);
  }
  return std::make_shared<TextBlocks>(std::move(text), [plan = plan_of(reading, origins)] {
    return std::make_unique<CsvParser>(plan);
  });
}

}  // namespace dga
