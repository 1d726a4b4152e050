// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/csv.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "dga/base/error.h"
#include "dga/base/one_line.h"
#include "dga/base/topology.h"
#include "dga/data/aligned.h"
#include "dga/data/formats/csv_columns.h"
#include "dga/data/formats/csv_layout.h"
#include "dga/data/formats/csv_pieces.h"
#include "dga/data/formats/csv_row.h"
#include "dga/data/formats/csv_text.h"
#include "dga/data/formats/csv_value.h"
#include "dga/data/parallel_for.h"

namespace dga {
namespace {

using Slot = CsvLayout::Slot;

// A column with more different texts is rather an identifier than a category.
constexpr std::size_t kMostCategories = 10'000;

constexpr const char* kMixedLabels =
    "Correct or remove the line, or take all labels as texts with --task classification.";

/// A label is a text where integers were expected.
struct TextLabel {
  std::string place;
  std::string text;
};

/// What a thread has found in the pieces that it parsed, by feature.
struct Range {
  std::vector<float> least;
  std::vector<float> most;

  void add(const float* features) {
    const std::size_t width = least.size();
    float* const low = least.data();
    float* const high = most.data();
    for (std::size_t f = 0; f < width; ++f) {
      // Neither is true for NaN, which stands for a missing value.
      low[f] = features[f] < low[f] ? features[f] : low[f];
      high[f] = features[f] > high[f] ? features[f] : high[f];
    }
  }
};

/// What was read from a piece, beside the values themselves.
struct PieceResult {
  std::int64_t rows = 0;                 // without those that were left out
  std::int64_t missing = 0;              // samples with a missing value
  std::vector<std::int64_t> lines = {};  // of the samples; only if they may not be consecutive
  std::vector<CsvTexts> texts = {};      // by feature
  CsvTexts label_texts = {};
};

/// One reading of a set of files.
class CsvReader {
 public:
  CsvReader(std::span<const SourcePtr> files, const ReadOptions& options);
  Samples read();

 private:
  void lay_out(std::size_t file, const std::vector<std::int64_t>& positions);
  bool label_is_text() const;
  void parse();
  void parse_piece(std::size_t index, int thread);
  [[noreturn]] void fail(const CsvPiece& piece, std::span<const char> text, const char* p) const;
  std::int64_t line_of(const CsvPiece& piece, std::span<const char> text, const char* p) const;
  void close_gaps();
  void find_parts();
  void refuse_mixed_labels() const;
  void number_labels();
  void find_categories();
  void encode_categories();
  void centre();
  std::vector<std::vector<double>> read_wide(const std::vector<std::int64_t>& features,
                                             bool target);
  void subtract(std::int64_t feature, const std::vector<double>& values, double origin);
  const Column& column_of(std::int64_t feature) const;
  std::vector<std::int64_t> encoded_offsets() const;
  std::vector<std::int64_t> crowded_features() const;
  std::vector<std::int64_t> features_with_origins() const;
  double origin_of(const std::string& name, const std::vector<double>& values);
  std::string name_of_feature(std::int64_t feature) const;

  std::vector<SourcePtr> files_;
  const ReadOptions& options_;
  std::vector<CsvLayout> layouts_;
  std::vector<CsvPiece> pieces_;
  std::vector<PieceResult> results_;
  std::vector<Range> ranges_;                  // by thread
  std::vector<std::vector<char>> buffers_;     // by thread
  std::vector<std::int64_t> feature_columns_;  // by feature: its position in samples_.columns
  Samples samples_;
  std::int64_t width_ = 0;  // features, before categories are encoded
  int threads_ = 1;
  bool text_labels_ = false;
  bool has_categories_ = false;
};

CsvReader::CsvReader(std::span<const SourcePtr> files, const ReadOptions& options)
    : options_(options) {
  for (const SourcePtr& file : files) {
    files_.push_back(csv_text(file));
    layouts_.push_back({.head = read_csv_head(*files_.back(), options),
                        .decimal = mark_of(options.table.decimal),
                        .missing = options.table.missing,
                        .regression = options.task == Task::regression});
    auto& notices = layouts_.back().head.notices;
    samples_.notices.insert(samples_.notices.end(), notices.begin(), notices.end());
  }
  const CsvHead& head = layouts_.front().head;
  samples_.columns = options.columns != nullptr
                         ? *options.columns
                         : choose_columns(head, options, files_.front()->name());
  if (options.columns == nullptr && head.index && options.table.only.empty()) {
    samples_.notices.push_back(str(files_.front()->name(),
                                   ":1: the first column has no name and holds different integers. "
                                   "It is left out, as an index."));
  }
  for (std::size_t i = 0; i < samples_.columns.all.size(); ++i) {
    const ColumnUse use = samples_.columns.all[i].use;
    if (use == ColumnUse::feature || use == ColumnUse::category) {
      feature_columns_.push_back(static_cast<std::int64_t>(i));
      has_categories_ = has_categories_ || use == ColumnUse::category;
    }
  }
  width_ = std::ssize(feature_columns_);
  if (const std::int64_t label = samples_.columns.label(); label >= 0) {
    const std::string& name = samples_.columns.all[static_cast<std::size_t>(label)].name;
    samples_.label = name.empty() ? str("column ", label + 1) : name;
  }
  for (std::size_t file = 0; file < files_.size(); ++file) {
    std::vector<std::int64_t> positions;
    if (options.columns == nullptr && file == 0) {
      for (std::int64_t i = 0; i < head.columns; ++i) {
        positions.push_back(i);
      }
    } else {
      positions =
          match_columns(layouts_[file].head, samples_.columns, options_, files_[file]->name(),
                        options.columns != nullptr ? "the training data" : files_[0]->name());
    }
    lay_out(file, positions);
  }
  text_labels_ = label_is_text();
}

void CsvReader::lay_out(std::size_t file, const std::vector<std::int64_t>& positions) {
  CsvLayout& layout = layouts_[file];
  layout.uses.resize(positions.size());
  bool ordered = true;
  std::int64_t last = -1;
  for (std::size_t c = 0; c < positions.size(); ++c) {
    CsvLayout::Use& use = layout.uses[c];
    if (positions[c] < 0) {
      ordered = false;
      continue;
    }
    const Column& column = samples_.columns.all[static_cast<std::size_t>(positions[c])];
    if (column.use == ColumnUse::label) {
      use.slot = Slot::label;
      layout.label = static_cast<std::int64_t>(c);
      continue;
    }
    if (column.use == ColumnUse::dropped) {
      ordered = false;
      continue;
    }
    const auto feature =
        std::lower_bound(feature_columns_.begin(), feature_columns_.end(), positions[c]);
    use.position = feature - feature_columns_.begin();
    use.slot = column.use == ColumnUse::category ? Slot::category : Slot::number;
    ordered = ordered && use.slot == Slot::number && use.position > last;
    last = use.position;
  }
  layout.plain = ordered;
  if (file > 0 && (layout.label < 0) != (layouts_[0].label < 0)) {
    throw DataError(str(files_[file]->name(), ":1: expected ",
                        layout.label < 0 ? "a label as in " : "no label, as in ", files_[0]->name(),
                        ", found ", layout.label < 0 ? "none" : "one",
                        ". Keep samples with and without labels in different folders."));
  }
}

bool CsvReader::label_is_text() const {
  if (options_.task == Task::regression || layouts_.front().label < 0) {
    return false;
  }
  if (options_.columns != nullptr) {
    return options_.text_labels;
  }
  return std::any_of(layouts_.begin(), layouts_.end(), [](const CsvLayout& layout) {
    return !layout.head.text[static_cast<std::size_t>(layout.label)].empty();
  });
}

std::int64_t CsvReader::line_of(const CsvPiece& piece, std::span<const char> text,
                                const char* p) const {
  return piece.first_line + std::count(text.data(), p, '\n');
}

void CsvReader::fail(const CsvPiece& piece, std::span<const char> text, const char* p) const {
  const CsvLayout& layout = layouts_[piece.file];
  const ByteSource& source = *files_[piece.file];
  const char* const end = text.data() + text.size();
  CsvRecord record(layout.head.separator);
  const bool last = piece.end == layout.head.end && record.split(p, end) == end;
  const bool unfinished = last && layout.head.end == source.size();
  throw DataError(str(source.name(), ":", line_of(piece, text, p), ": ",
                      explain_csv_record(p, end, layout, unfinished)));
}

void CsvReader::parse_piece(std::size_t index, int thread) {
  const CsvPiece& piece = pieces_[index];
  const CsvLayout& layout = layouts_[piece.file];
  PieceResult& result = results_[index];
  Range& range = ranges_[static_cast<std::size_t>(thread)];
  result.texts.resize(has_categories_ ? static_cast<std::size_t>(width_) : 0);
  const bool keep_lines = layout.quoted || layout.missing == Missing::drop;
  const auto text = text_of(*files_[piece.file], piece, buffers_[static_cast<std::size_t>(thread)]);
  const char* p = text.data();
  const char* const end = p + text.size();
  CsvRecord record(layout.head.separator);
  std::int64_t line = piece.first_line;
  const bool fast = !layout.text_labels && layout.decimal == '.';
  for (std::int64_t i = 0; i < piece.rows; ++i) {
    const std::int64_t at = piece.first_row + result.rows;
    CsvRow row{.features = samples_.features.get() + at * width_,
               .label = samples_.labels ? &samples_.labels[at] : nullptr,
               .target = samples_.targets ? &samples_.targets[at] : nullptr,
               .texts = &result.texts,
               .label_texts = &result.label_texts};
    const char* next = fast ? parse_csv_numbers(p, layout, row) : nullptr;
    CsvOutcome outcome = CsvOutcome::read;
    if (next == nullptr) {
      outcome = parse_csv_record(p, end, layout, row, record, next);
      if (outcome == CsvOutcome::text_label) {
        throw TextLabel{str(files_[piece.file]->name(), ":", line_of(piece, text, p)),
                        std::string(record.fields()[static_cast<std::size_t>(layout.label)].text)};
      }
      if (outcome == CsvOutcome::wrong) {
        fail(piece, text, p);
      }
      if (outcome == CsvOutcome::dropped ||
          std::any_of(row.features, row.features + width_, [](float x) { return x != x; })) {
        ++result.missing;
      }
    }
    if (outcome == CsvOutcome::read) {
      range.add(row.features);
      if (keep_lines) {
        result.lines.push_back(line);
      }
      ++result.rows;
    }
    if (keep_lines) {
      line += std::count(p, next, '\n');
    }
    p = next;
  }
}

void CsvReader::parse() {
  const auto cores = options_.threads > 0 ? options_.threads : usable_cores();
  threads_ = static_cast<int>(std::max<std::int64_t>(1, cores));
  pieces_ = cut_csv(files_, layouts_, std::max<std::int64_t>(1, options_.piece_bytes), threads_);
  threads_ = static_cast<int>(std::min<std::int64_t>(threads_, std::ssize(pieces_)));
  std::int64_t rows = 0;
  for (const CsvPiece& piece : pieces_) {
    rows += piece.rows;
  }
  const bool labelled = layouts_.front().label >= 0;
  samples_.features = allocate_aligned<float>(rows * width_);
  samples_.labels = nullptr;
  samples_.targets = nullptr;
  if (labelled && options_.task == Task::regression) {
    samples_.targets = allocate_aligned<float>(rows);
  } else if (labelled) {
    samples_.labels = allocate_aligned<std::int64_t>(rows);
  }
  for (CsvLayout& layout : layouts_) {
    layout.text_labels = text_labels_;
  }
  const auto width = static_cast<std::size_t>(width_);
  results_.assign(pieces_.size(), {});
  buffers_.resize(static_cast<std::size_t>(threads_));
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  ranges_.assign(static_cast<std::size_t>(threads_),
                 {std::vector<float>(width, kInfinity), std::vector<float>(width, -kInfinity)});
  parallel_for(std::ssize(pieces_), threads_, [&](std::int64_t index, int thread) {
    parse_piece(static_cast<std::size_t>(index), thread);
  });
}

/// Moves the samples of each piece up to those before it, where some were left out.
void CsvReader::close_gaps() {
  std::int64_t count = 0;
  for (std::size_t i = 0; i < pieces_.size(); ++i) {
    const std::int64_t from = pieces_[i].first_row;
    const std::int64_t rows = results_[i].rows;
    if (from != count) {
      std::memmove(samples_.features.get() + count * width_,
                   samples_.features.get() + from * width_,
                   static_cast<std::size_t>(rows * width_) * sizeof(float));
      if (samples_.labels) {
        std::memmove(&samples_.labels[count], &samples_.labels[from],
                     static_cast<std::size_t>(rows) * sizeof(std::int64_t));
      }
      if (samples_.targets) {
        std::memmove(&samples_.targets[count], &samples_.targets[from],
                     static_cast<std::size_t>(rows) * sizeof(float));
      }
    }
    samples_.dropped_samples += pieces_[i].rows - rows;
    samples_.missing_samples += results_[i].missing;
    count += rows;
  }
  samples_.count = count;
  if (count == 0) {
    throw DataError(str(files_.front()->name(),
                        ": expected samples without missing values, found none in all ",
                        samples_.dropped_samples,
                        ". Use --missing mean, or leave columns out with "
                        "--drop."));
  }
}

void CsvReader::find_parts() {
  for (std::size_t i = 0; i < pieces_.size(); ++i) {
    const std::size_t file = pieces_[i].file;
    if (i == 0 || file != pieces_[i - 1].file) {
      samples_.parts.push_back(
          {.file = files_[file]->name(), .first_line = layouts_[file].head.first_line});
    }
    Samples::Part& part = samples_.parts.back();
    part.count += results_[i].rows;
    part.lines.insert(part.lines.end(), results_[i].lines.begin(), results_[i].lines.end());
  }
  for (Samples::Part& part : samples_.parts) {
    std::int64_t line = part.first_line;
    const bool consecutive = std::all_of(part.lines.begin(), part.lines.end(),
                                         [&](std::int64_t each) { return each == line++; });
    if (consecutive) {
      part.lines.clear();
    }
  }
}

/// Throws if some labels are numbers and others are not: one of them may be a mistake.
void CsvReader::refuse_mixed_labels() const {
  const auto is_number = [&](const std::string& text) {
    return is_csv_number(text, mark_of(options_.table.decimal));
  };
  std::int64_t row = 0;
  std::optional<bool> first;
  for (const PieceResult& result : results_) {
    for (const std::int64_t end = row + result.rows; row < end; ++row) {
      const std::string& text =
          result.label_texts.texts()[static_cast<std::size_t>(samples_.labels[row])];
      if (first && is_number(text) != *first) {
        throw DataError(str(samples_.place(row), ": expected ", *first ? "an integer" : "a text",
                            " as label like those before it, found \"", printable(text), "\". ",
                            kMixedLabels));
      }
      first = is_number(text);
    }
  }
}

/// Replaces the codes of text labels, which each piece chose for itself.
void CsvReader::number_labels() {
  std::vector<const CsvTexts*> parts;
  for (const PieceResult& result : results_) {
    parts.push_back(&result.label_texts);
  }
  samples_.label_texts = all_texts(parts);
  for (const std::string& text : samples_.label_texts) {
    if (!is_utf8(text)) {
      throw DataError(str(files_.front()->name(), ": expected labels in UTF-8, found \"",
                          one_line(text), "\". Save the file as UTF-8."));
    }
  }
  if (options_.task == Task::automatic && options_.columns == nullptr) {
    refuse_mixed_labels();
  }
  std::int64_t row = 0;
  for (const PieceResult& result : results_) {
    const auto positions = positions_in(samples_.label_texts, result.label_texts);
    for (const std::int64_t end = row + result.rows; row < end; ++row) {
      samples_.labels[row] = positions[static_cast<std::size_t>(samples_.labels[row])];
    }
  }
}

const Column& CsvReader::column_of(std::int64_t feature) const {
  const std::int64_t column = feature_columns_[static_cast<std::size_t>(feature)];
  return samples_.columns.all[static_cast<std::size_t>(column)];
}

std::string CsvReader::name_of_feature(std::int64_t feature) const {
  const std::string& name = column_of(feature).name;
  return name.empty() ? str("column ", feature_columns_[static_cast<std::size_t>(feature)] + 1)
                      : str("column ", printable(name));
}

/// By feature: where it stands in an encoded sample; and last, the width of that.
std::vector<std::int64_t> CsvReader::encoded_offsets() const {
  std::vector<std::int64_t> offsets = {0};
  for (std::int64_t f = 0; f < width_; ++f) {
    const Column& column = column_of(f);
    offsets.push_back(offsets.back() +
                      (column.use == ColumnUse::category ? std::ssize(column.categories) : 1));
  }
  return offsets;
}

/// Finds the categories of a training set.
void CsvReader::find_categories() {
  for (std::int64_t f = 0; f < width_; ++f) {
    Column& column =
        samples_.columns
            .all[static_cast<std::size_t>(feature_columns_[static_cast<std::size_t>(f)])];
    if (column.use != ColumnUse::category) {
      continue;
    }
    std::vector<const CsvTexts*> parts;
    for (const PieceResult& result : results_) {
      parts.push_back(&result.texts[static_cast<std::size_t>(f)]);
    }
    column.categories = all_texts(parts);
    const auto bad = std::find_if_not(column.categories.begin(), column.categories.end(),
                                      [](const std::string& text) { return is_utf8(text); });
    if (bad != column.categories.end()) {
      throw DataError(str(files_.front()->name(), ": expected texts in UTF-8 in ",
                          name_of_feature(f), ", found \"", one_line(*bad),
                          "\". Save the file as UTF-8."));
    }
    if (column.categories.size() > kMostCategories) {
      throw DataError(str(files_.front()->name(), ": expected at most ", kMostCategories,
                          " different texts in ", name_of_feature(f), ", found ",
                          column.categories.size(), ". Leave the column out with --drop."));
    }
  }
}

/// Replaces each category by one feature for each of its texts.
void CsvReader::encode_categories() {
  if (options_.columns == nullptr) {
    find_categories();
  }
  const std::vector<std::int64_t> offsets = encoded_offsets();
  const std::int64_t width = offsets.back();
  auto encoded = allocate_aligned<float>(samples_.count * width);
  std::fill_n(encoded.get(), samples_.count * width, 0.0F);
  std::int64_t row = 0;
  for (const PieceResult& result : results_) {
    std::vector<std::vector<std::int64_t>> positions;  // by feature and code
    for (std::int64_t f = 0; f < width_; ++f) {
      positions.push_back(
          positions_in(column_of(f).categories, result.texts[static_cast<std::size_t>(f)]));
    }
    for (const std::int64_t end = row + result.rows; row < end; ++row) {
      const float* const from = samples_.features.get() + row * width_;
      float* const to = encoded.get() + row * width;
      for (std::int64_t f = 0; f < width_; ++f) {
        const auto feature = static_cast<std::size_t>(f);
        if (column_of(f).use != ColumnUse::category) {
          to[offsets[feature]] = from[f];
          continue;
        }
        const auto code = static_cast<std::size_t>(from[f]);
        if (positions[feature][code] < 0) {
          throw DataError(str(samples_.place(row), ": expected a text of the training set in ",
                              name_of_feature(f), ", found \"",
                              printable(result.texts[feature].texts()[code]),
                              "\". Remove the sample, or train on samples like it."));
        }
        to[offsets[feature] + positions[feature][code]] = 1;
      }
    }
  }
  if (!samples_.origins.features.empty()) {
    std::vector<double> origins(static_cast<std::size_t>(width));
    for (std::size_t f = 0; f < samples_.origins.features.size(); ++f) {
      if (offsets[f] < width) {
        origins[static_cast<std::size_t>(offsets[f])] = samples_.origins.features[f];
      }
    }
    samples_.origins.features = std::move(origins);
  }
  samples_.features = std::move(encoded);
  samples_.shape = {width};
}

/// Reads some features, and perhaps the target, again as f64: by column, each (count).
std::vector<std::vector<double>> CsvReader::read_wide(const std::vector<std::int64_t>& features,
                                                      bool target) {
  const std::size_t columns = features.size() + (target ? 1 : 0);
  std::vector<std::vector<double>> values(
      columns, std::vector<double>(static_cast<std::size_t>(samples_.count)));
  std::vector<CsvLayout> layouts = layouts_;
  for (CsvLayout& layout : layouts) {
    for (std::size_t c = 0; c < layout.uses.size(); ++c) {
      CsvLayout::Use& use = layout.uses[c];
      const auto wanted = std::find(features.begin(), features.end(), use.position);
      if (use.slot == Slot::number && wanted != features.end()) {
        use = {Slot::wide, wanted - features.begin()};
      } else if (use.slot == Slot::label && target) {
        use = {Slot::wide, std::ssize(features)};
      }
    }
  }
  std::vector<std::int64_t> first_rows;
  std::int64_t row = 0;
  for (const PieceResult& result : results_) {
    first_rows.push_back(row);
    row += result.rows;
  }
  parallel_for(std::ssize(pieces_), threads_, [&](std::int64_t index, int thread) {
    const CsvPiece& piece = pieces_[static_cast<std::size_t>(index)];
    const CsvLayout& layout = layouts[piece.file];
    const auto text =
        text_of(*files_[piece.file], piece, buffers_[static_cast<std::size_t>(thread)]);
    const char* p = text.data();
    CsvRecord record(layout.head.separator);
    std::vector<float> numbers(static_cast<std::size_t>(width_));
    std::vector<double> wide(columns);
    std::vector<CsvTexts> texts(static_cast<std::size_t>(width_));
    CsvTexts label_texts;
    std::int64_t label = 0;
    float number = 0;
    const CsvRow into{.features = numbers.data(),
                      .label = &label,
                      .target = &number,
                      .wide = wide.data(),
                      .texts = &texts,
                      .label_texts = &label_texts};
    auto at = static_cast<std::size_t>(first_rows[static_cast<std::size_t>(index)]);
    for (std::int64_t i = 0; i < piece.rows; ++i) {
      const char* next = nullptr;
      const CsvOutcome outcome =
          parse_csv_record(p, text.data() + text.size(), layout, into, record, next);
      if (outcome == CsvOutcome::wrong || outcome == CsvOutcome::text_label) {
        fail(piece, text, p);
      }
      if (outcome == CsvOutcome::read) {
        for (std::size_t c = 0; c < columns; ++c) {
          values[c][at] = wide[c];
        }
        ++at;
      }
      p = next;
    }
  });
  return values;
}

/// Stores the values of a feature, or of the target (-1), minus an origin.
void CsvReader::subtract(std::int64_t feature, const std::vector<double>& values, double origin) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto row = static_cast<std::int64_t>(i);
    const auto value = static_cast<float>(values[i] - origin);
    if (std::isinf(value)) {
      throw DataError(str(samples_.place(row), ": expected numbers at most 3.4e38 apart, found ",
                          values[i], ". Scale the column down or remove the line."));
    }
    (feature < 0 ? samples_.targets[row] : samples_.features[row * width_ + feature]) = value;
  }
}

std::vector<std::int64_t> CsvReader::crowded_features() const {
  std::vector<std::int64_t> features;
  for (std::int64_t f = 0; f < width_; ++f) {
    const auto column = static_cast<std::size_t>(f);
    float least = ranges_.front().least[column];
    float most = ranges_.front().most[column];
    for (const Range& range : ranges_) {
      least = std::min(least, range.least[column]);
      most = std::max(most, range.most[column]);
    }
    if (column_of(f).use == ColumnUse::feature && least <= most && is_crowded(least, most)) {
      features.push_back(f);
    }
  }
  return features;
}

/// Those for which the caller gives an origin.
std::vector<std::int64_t> CsvReader::features_with_origins() const {
  std::vector<std::int64_t> features;
  const std::vector<std::int64_t> offsets = encoded_offsets();
  for (std::int64_t f = 0; f < width_ && !options_.origins->features.empty(); ++f) {
    const auto at = static_cast<std::size_t>(offsets[static_cast<std::size_t>(f)]);
    if (column_of(f).use == ColumnUse::feature && options_.origins->features.at(at) != 0) {
      features.push_back(f);
    }
  }
  return features;
}

double CsvReader::origin_of(const std::string& name, const std::vector<double>& values) {
  const Origin origin = choose_origin(values);
  if (origin.merges) {
    samples_.notices.push_back(
        str(files_.front()->name(), ": ", name,
            " has different values that are equal in f32, even as distances from their mean, so "
            "the model cannot tell them apart. Leave an identifier out with --drop."));
  }
  return origin.value;
}

/// Moves the origin of columns whose values f32 cannot keep apart.
void CsvReader::centre() {
  const Origins* const given = options_.origins;
  const auto features = given == nullptr ? crowded_features() : features_with_origins();
  bool target = false;
  if (samples_.targets && given != nullptr) {
    target = given->target != 0;
  } else if (samples_.targets) {
    const auto [least, most] =
        std::minmax_element(samples_.targets.get(), samples_.targets.get() + samples_.count);
    target = is_crowded(*least, *most);
  }
  if (features.empty() && !target) {
    return;
  }
  const auto values = read_wide(features, target);
  std::vector<double> origins(static_cast<std::size_t>(width_), 0.0);
  for (std::size_t i = 0; i < features.size(); ++i) {
    const auto f = static_cast<std::size_t>(features[i]);
    origins[f] = given == nullptr ? origin_of(name_of_feature(features[i]), values[i])
                                  : given->features[static_cast<std::size_t>(encoded_offsets()[f])];
    subtract(features[i], values[i], origins[f]);
  }
  if (target) {
    samples_.origins.target =
        given == nullptr ? origin_of("the target", values.back()) : given->target;
    subtract(-1, values.back(), samples_.origins.target);
  }
  if (std::any_of(origins.begin(), origins.end(), [](double origin) { return origin != 0; })) {
    samples_.origins.features = std::move(origins);
  }
}

Samples CsvReader::read() {
  try {
    parse();
  } catch (const TextLabel& found) {
    if (options_.task != Task::classification || options_.columns != nullptr) {
      throw DataError(
          str(found.place, ": expected an integer as label like those before it, found \"",
              printable(found.text), "\". ",
              options_.columns != nullptr ? "Give labels of the training set." : kMixedLabels));
    }
    text_labels_ = true;
    parse();
  }
  close_gaps();
  find_parts();
  samples_.shape = {width_};
  if (text_labels_) {
    number_labels();
  }
  centre();
  if (has_categories_) {
    encode_categories();
  }
  return std::move(samples_);
}

}  // namespace

Samples read_csv(std::span<const SourcePtr> files, const ReadOptions& options) {
  return CsvReader(files, options).read();
}

}  // namespace dga
