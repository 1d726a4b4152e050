// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/libsvm/libsvm.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <map>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "dga/base/available_memory.h"
#include "dga/base/error.h"
#include "dga/data/aligned.h"
#include "dga/data/centring.h"
#include "dga/data/formats/libsvm/blocks.h"
#include "dga/data/formats/libsvm/pieces.h"
#include "dga/data/formats/libsvm/words.h"
#include "dga/data/formats/number.h"
#include "dga/data/line_numbers.h"
#include "dga/data/merged_numbers.h"
#include "dga/data/stream/blocks.h"
#include "dga/data/stream/changed_file.h"
#include "dga/data/stream/text_blocks.h"
#include "dga/data/stream/text_index.h"

namespace dga {
namespace {

/// Whether `word` is "digits:number".
bool is_index_and_value(std::string_view word) {
  const std::size_t colon = word.find(':');
  double value = 0;
  return colon != std::string_view::npos && colon > 0 &&
         word.find_first_not_of("0123456789") == colon &&
         parse_double(word.substr(colon + 1), value) == NumberError::none;
}

/// The index of feature 0 of the samples that a training had.
std::int64_t first_index_of(const Columns& columns) {
  return !columns.all.empty() && columns.all.front().name == "0" ? 0 : 1;
}

/// A column of the samples in memory without a copy.
template <typename T>
std::shared_ptr<T[]> as_array(std::vector<T> values) {
  const auto owner = std::make_shared<std::vector<T>>(std::move(values));
  return {owner, owner->data()};
}

/// What is written of each feature, by index.
struct WrittenValues {
  std::vector<float> least = {};
  std::vector<float> most = {};
  std::vector<std::int64_t> times = {};

  std::int64_t size() const noexcept { return std::ssize(times); }
  void resize(std::size_t size) {
    least.resize(size, std::numeric_limits<float>::infinity());
    most.resize(size, -std::numeric_limits<float>::infinity());
    times.resize(size);
  }
  void add(std::int64_t index, double value) noexcept {
    const auto at = static_cast<std::size_t>(index);
    const auto narrow = static_cast<float>(value);
    least[at] = std::min(least[at], narrow);
    most[at] = std::max(most[at], narrow);
    ++times[at];
  }
};

/// The samples of all files in rows of index and value (CSR). Of samples that stay in the files
/// only the first ones are kept.
class SparseRows {
 public:
  SparseRows(std::span<const SourcePtr> files, const ReadOptions& options)
      : sources_(files),
        options_(options),
        pieces_(options),
        written_(static_cast<std::size_t>(1 + pieces_.threads())) {}

  Samples read() {
    for (std::size_t file = 0; file < sources_.size(); ++file) {
      parts_.push_back({.file = sources_[file]->name()});
      pieces_.read(
          *sources_[file],
          [&](const LibsvmPiece& piece, int thread) {
            if (options_.in_place) {
              add_to_written(piece, written_[static_cast<std::size_t>(thread) + 1]);
            }
          },
          [&](const LibsvmPiece& piece, std::int64_t line) { add_samples(piece, file, line); });
    }
    return samples();
  }

 private:
  // Each thread has the ranges of the features below this index, at most 16 MiB. Those above are
  // added in order, to one, which check_memory knows.
  static constexpr std::int64_t kThreadIndices = std::int64_t{1} << 20;

  static void add_to_written(const LibsvmPiece& piece, WrittenValues& written) {
    for (std::size_t i = 0; i < piece.indices.size(); ++i) {
      const std::int64_t index = piece.indices[i];
      if (index >= kThreadIndices) {
        continue;
      }
      if (index >= written.size()) {
        written.resize(static_cast<std::size_t>(
            std::min(kThreadIndices, std::max(index + 1, 2 * written.size()))));
      }
      written.add(index, piece.values[i]);
    }
  }

  /// `line`: the number of the first line of the piece.
  void add_samples(const LibsvmPiece& piece, std::size_t file, std::int64_t line) {
    if (options_.task == Task::regression) {
      std::transform(piece.targets.begin(), piece.targets.end(), std::back_inserter(targets_),
                     [](double target) { return static_cast<float>(target); });
    } else {
      labels_.insert(labels_.end(), piece.labels.begin(), piece.labels.end());
    }
    for (const auto& [index, numbers] : piece.merged) {
      merged_[index].add(numbers);
    }
    for (std::int64_t i = 0; i < piece.samples(); ++i) {
      add_sample(piece, static_cast<std::size_t>(i), file, line);
    }
  }

  void add_sample(const LibsvmPiece& piece, std::size_t sample, std::size_t file,
                  std::int64_t line) {
    const std::int64_t number = line + piece.lines_before[sample];
    Samples::Part& part = parts_.back();
    part.first_line = part.count == 0 ? number : part.first_line;
    keep_line(part.lines, part.first_line, part.count, number);
    ++part.count;
    const std::span<const std::int64_t> indices =
        std::span(piece.indices)
            .subspan(piece.rows[sample], piece.rows[sample + 1] - piece.rows[sample]);
    const double* const values = piece.values.data() + piece.rows[sample];
    if (!indices.empty()) {
      least_ = std::min(least_, indices.front());
      most_ = std::max(most_, indices.back());
    }
    check_range(indices, number);
    // Of many samples, samples_to_compare returns no more; few are read again.
    constexpr std::int64_t kFirst = 1024;
    if (!options_.in_place || count_ < kFirst) {
      indices_.insert(indices_.end(), indices.begin(), indices.end());
      values_.insert(values_.end(), values, values + indices.size());
      rows_.push_back(std::ssize(indices_));
      wide_targets_.push_back(piece.targets.empty() ? 0 : piece.targets[sample]);
    }
    if (options_.in_place) {
      add_mark(marks_, {.sample = count_, .file = file, .offset = piece.offsets[sample]});
      add_far(indices, values);
    }
    ++count_;
  }

  /// Keeps what is wrong with the first index that the training does not have; other errors come
  /// first.
  void check_range(std::span<const std::int64_t> indices, std::int64_t number) {
    if (options_.columns == nullptr || !out_of_range_.empty()) {
      return;
    }
    const std::int64_t first = first_index_of(*options_.columns);
    const std::int64_t last = first + num_inputs(*options_.columns) - 1;
    for (const std::int64_t index : indices) {
      if (index < first || index > last) {
        out_of_range_ = str(parts_.back().file, ":", number, ": expected indices from ", first,
                            " to ", last, " as in the training data, found ", index,
                            ". Remove the feature, or train with it.");
        return;
      }
    }
  }

  /// Adds the values of a sample that no thread has added.
  void add_far(std::span<const std::int64_t> indices, const double* values) {
    if (indices.empty() || indices.back() < kThreadIndices) {
      return;
    }
    WrittenValues& far = written_.front();
    if (indices.back() >= far.size()) {
      const auto size = static_cast<std::size_t>(std::max(indices.back() + 1, 2 * far.size()));
      if (!fits(static_cast<std::int64_t>(size))) {
        return;  // check_memory refuses the samples
      }
      far.resize(size);
    }
    for (std::size_t i = indices.size(); i-- > 0 && indices[i] >= kThreadIndices;) {
      far.add(indices[i], values[i]);
    }
  }

  Samples samples();
  void choose_features(Samples& samples);
  double bytes_of(std::int64_t width) const;
  bool fits(std::int64_t width) const;
  void check_memory() const;
  FeatureRanges fill_features(Samples& samples) const;
  FeatureRanges full_ranges() const;
  void centre_values(Samples& samples, const FeatureRanges& ranges) const;
  std::vector<WideColumn> columns(const std::vector<std::int64_t>& wanted, bool target,
                                  std::int64_t rows) const;
  void find_merged(const std::vector<std::int64_t>& wanted, std::vector<WideColumn>& columns) const;

  std::span<const SourcePtr> sources_;
  const ReadOptions& options_;
  mutable LibsvmPieces pieces_;
  std::int64_t count_ = 0;
  std::vector<Samples::Part> parts_;  // by file
  std::vector<std::int64_t> labels_;  // of a classification
  std::vector<float> targets_;        // of a regression
  std::int64_t least_ = INT64_MAX;    // of all indices
  std::int64_t most_ = -1;
  std::string out_of_range_;
  std::map<std::int64_t, MergedNumbers> merged_;  // by index; -1: of the targets
  std::int64_t first_ = 1;                        // index of feature 0
  std::int64_t width_ = 0;
  // --- of the samples that are kept
  std::vector<std::int64_t> rows_{0};  // where each begins
  std::vector<std::int64_t> indices_;
  std::vector<double> values_;
  std::vector<double> wide_targets_;
  // --- of samples that stay in the files
  std::vector<TextMark> marks_;
  std::vector<WrittenValues> written_;  // see kThreadIndices; then those of each thread
};

/// Sets the first index and the number of features: those of the training, if there was one.
void SparseRows::choose_features(Samples& samples) {
  if (options_.columns != nullptr) {
    first_ = first_index_of(*options_.columns);
    width_ = num_inputs(*options_.columns);
    samples.columns = *options_.columns;
    check_memory();
    return;
  }
  first_ = least_ == 0 ? 0 : 1;
  width_ = most_ - first_ + 1;
  check_memory();
  for (std::int64_t f = 0; f < width_; ++f) {
    samples.columns.all.push_back({.name = std::to_string(first_ + f)});
  }
  samples.columns.all.push_back({.name = "label", .use = ColumnUse::label});
  samples.columns.missing = options_.table.missing;
}

/// What samples of so many features take: each feature has a name. Of samples that stay in the
/// files, the blocks of one worker count.
double SparseRows::bytes_of(std::int64_t width) const {
  std::int64_t rows = count_;
  double column = sizeof(Column);
  if (options_.in_place) {
    rows = blocks_of_workers(1, default_shuffle_window(width), width) * samples_per_block(width);
    column += 2 * sizeof(float) + sizeof(std::int64_t);  // WrittenValues
  }
  return static_cast<double>(width) * (static_cast<double>(rows) * sizeof(float) + column);
}

bool SparseRows::fits(std::int64_t width) const {
  return bytes_of(width) <= static_cast<double>(available_memory().machine);
}

void SparseRows::check_memory() const {
  if (!fits(width_)) {
    const auto free = static_cast<double>(available_memory().machine);
    throw DataError(str(parts_.front().file, ": expected samples that fit into memory, found ",
                        count_, " of ", width_, " features, which need ",
                        memory_text(bytes_of(width_)), " with their zeros, where ",
                        memory_text(free),
                        " are free. Keep fewer features, for example by hashing them."));
  }
}

/// Some columns of all samples, or of `rows`: those at equal distances, or of samples that stay in
/// the files the first ones.
std::vector<WideColumn> SparseRows::columns(const std::vector<std::int64_t>& wanted, bool target,
                                            std::int64_t rows) const {
  std::vector<WideColumn> result = columns_for(wanted, target, rows, 0);
  const std::vector<std::int64_t> place_of = feature_positions(wanted, width_);
  const auto put = [&](std::size_t row, std::int64_t index, double value) {
    const std::int64_t place = place_of[static_cast<std::size_t>(index - first_)];
    if (place >= 0) {
      result[static_cast<std::size_t>(place)].values[row] = value;
    }
  };
  std::size_t at = 0;
  if (rows > std::ssize(rows_) - 1) {
    for (const SourcePtr& file : sources_) {
      pieces_.read(
          *file, [](const LibsvmPiece&, int) {},
          [&](const LibsvmPiece& piece, std::int64_t /*line*/) {
            for (std::size_t sample = 0; std::cmp_less(sample, piece.samples()); ++sample, ++at) {
              if (std::cmp_greater_equal(at, rows)) {
                refuse_changed_file(file->name());
              }
              for (std::size_t i = piece.rows[sample]; i < piece.rows[sample + 1]; ++i) {
                if (piece.indices[i] < first_ || piece.indices[i] >= first_ + width_) {
                  refuse_changed_file(file->name());
                }
                put(at, piece.indices[i], piece.values[i]);
              }
              if (target) {
                result.back().values[at] = piece.targets[sample];
              }
            }
          });
    }
    find_merged(wanted, result);
    return result;
  }
  for (const SampleRun& run : spread_samples(rows, std::ssize(rows_) - 1)) {
    const auto last = static_cast<std::size_t>(run.first + run.count);
    for (auto row = static_cast<std::size_t>(run.first); row < last; ++row, ++at) {
      for (auto i = static_cast<std::size_t>(rows_[row]);
           i < static_cast<std::size_t>(rows_[row + 1]); ++i) {
        put(at, indices_[i], values_[i]);
      }
      if (target) {
        result.back().values[at] = wide_targets_[row];
      }
    }
  }
  find_merged(wanted, result);
  return result;
}

void SparseRows::find_merged(const std::vector<std::int64_t>& wanted,
                             std::vector<WideColumn>& columns) const {
  for (std::size_t c = 0; c < columns.size(); ++c) {
    const auto found = merged_.find(c < wanted.size() ? wanted[c] + first_ : -1);
    columns[c].merged =
        found != merged_.end() && MergedNumbers(found->second).any(columns[c].values);
  }
}

FeatureRanges SparseRows::fill_features(Samples& samples) const {
  samples.features = allocate_aligned<float>(count_ * width_);
  FeatureRanges ranges(static_cast<std::size_t>(width_));
  for (std::int64_t row = 0; row < count_; ++row) {
    float* const out = samples.features.get() + row * width_;
    std::fill_n(out, width_, 0.0F);
    for (auto i = static_cast<std::size_t>(rows_[static_cast<std::size_t>(row)]);
         i < static_cast<std::size_t>(rows_[static_cast<std::size_t>(row) + 1]); ++i) {
      out[indices_[i] - first_] = static_cast<float>(values_[i]);
    }
    ranges.add(out);
  }
  return ranges;
}

/// The ranges of all values, with the zeros that are not written.
FeatureRanges SparseRows::full_ranges() const {
  FeatureRanges ranges(static_cast<std::size_t>(width_));
  for (std::int64_t f = 0; f < width_; ++f) {
    const auto feature = static_cast<std::size_t>(f);
    const auto index = static_cast<std::size_t>(f + first_);
    std::int64_t times = 0;
    for (const WrittenValues& written : written_) {
      if (index < written.times.size() && written.times[index] > 0) {
        times += written.times[index];
        ranges.least[feature] = std::min(ranges.least[feature], written.least[index]);
        ranges.most[feature] = std::max(ranges.most[feature], written.most[index]);
      }
    }
    if (times < count_) {
      ranges.least[feature] = std::min(ranges.least[feature], 0.0F);
      ranges.most[feature] = std::max(ranges.most[feature], 0.0F);
    }
  }
  return ranges;
}

void SparseRows::centre_values(Samples& samples, const FeatureRanges& ranges) const {
  const WideValues values{
      .read = [this](const std::vector<std::int64_t>& wanted, bool target,
                     std::int64_t rows) { return columns(wanted, target, rows); },
      .name = [this](std::int64_t feature) { return str("feature ", first_ + feature); }};
  if (options_.origins != nullptr) {
    centre(samples, *options_.origins, values);
    return;
  }
  std::vector<std::int64_t> numbers(static_cast<std::size_t>(width_));
  std::iota(numbers.begin(), numbers.end(), std::int64_t{0});
  centre(samples, numbers, ranges, values);
}

Samples SparseRows::samples() {
  Samples samples;
  samples.count = count_;
  if (samples.count == 0 || (most_ < 0 && options_.columns == nullptr)) {
    throw DataError(str(parts_.front().file, ": expected samples with index:value pairs, found ",
                        "none. Give a file that has some."));
  }
  choose_features(samples);
  if (!out_of_range_.empty()) {
    throw DataError(out_of_range_);
  }
  samples.shape = {width_};
  samples.label = "the first value of each line";
  const FeatureRanges ranges = options_.in_place ? full_ranges() : fill_features(samples);
  if (pieces_.labelled() && options_.table.drop != "label") {
    samples.targets = targets_.empty() ? nullptr : as_array(std::move(targets_));
    samples.labels = labels_.empty() ? nullptr : as_array(std::move(labels_));
  }
  samples.parts = std::move(parts_);
  std::erase_if(samples.parts, [](const Samples::Part& part) { return part.count == 0; });
  centre_values(samples, ranges);
  if (options_.in_place) {
    samples.blocks = libsvm_blocks({sources_.begin(), sources_.end()}, std::move(marks_), samples,
                                   first_, options_.task);
  }
  return samples;
}

}  // namespace

bool is_libsvm(const ByteSource&, std::string_view head) {
  while (!head.empty()) {
    const std::size_t end = std::min(head.find('\n'), head.size());
    std::string_view line = without_comment(head.substr(0, end));
    head.remove_prefix(std::min(end + 1, head.size()));
    const std::string_view label = take_word(line);
    const std::string_view first = take_word(line);
    if (first.empty() && !is_index_and_value(label)) {
      continue;  // no value that is not zero, or no sample
    }
    return is_index_and_value(label) ||
           (label.find_first_not_of("+-.,0123456789eE") == std::string_view::npos &&
            (is_index_and_value(first) || first.starts_with("qid:")));
  }
  return false;
}

Samples read_libsvm(std::span<const SourcePtr> files, const ReadOptions& options) {
  if (options.pass != nullptr) {
    Samples samples = std::move(options.pass->samples);
    samples.blocks = libsvm_blocks({files.begin(), files.end()}, std::move(options.pass->marks),
                                   samples, first_index_of(samples.columns), options.task);
    return samples;
  }
  return SparseRows(files, options).read();
}

}  // namespace dga
