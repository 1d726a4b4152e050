// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/arrays/labelled_arrays.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <numeric>
#include <utility>
#include <vector>

#include "dga/base/error.h"
#include "dga/base/parallel_for.h"
#include "dga/base/topology.h"
#include "dga/data/aligned.h"
#include "dga/data/centring.h"
#include "dga/data/formats/arrays/elements.h"
#include "dga/data/merged_numbers.h"
#include "dga/data/shape_text.h"
#include "dga/data/stream/changed_file.h"
#include "dga/data/stream/text_index.h"

namespace dga {
namespace {

[[noreturn]] void refuse(const StoredArray& array, std::int64_t sample, const std::string& what) {
  throw DataError(str(array.place, ": sample ", sample, ": ", what));
}

std::vector<std::int64_t> sample_shape_of(const StoredArray& features) {
  return features.dims.size() == 1
             ? std::vector<std::int64_t>{1}
             : std::vector<std::int64_t>(features.dims.begin() + 1, features.dims.end());
}

void check_shapes(std::span<const LabelledArrays> parts, const ReadOptions& options) {
  const StoredArray& first = parts.front().features;
  for (const auto& [features, labels] : parts) {
    if (features.rows() == 0 || features.width() == 0) {
      throw DataError(
          str(features.place, ": expected samples, found none. Give a file that has some."));
    }
    if (is_text(features.type)) {
      throw DataError(str(features.place,
                          ": expected numbers as features, found texts. Encode them as numbers."));
    }
    const std::int64_t expected = options.features > 0 ? options.features
                                  : options.origins != nullptr
                                      ? std::ssize(options.origins->features)
                                      : 0;
    if (expected > 0 && features.width() != expected) {
      throw DataError(str(features.place, ": expected samples of ", expected,
                          " elements, as the model was trained on, found ", features.width(),
                          ". Give samples with the features of the training."));
    }
    if (sample_shape_of(features) != sample_shape_of(first)) {
      throw DataError(str(features.place, ": expected samples of ",
                          shape_text(sample_shape_of(first)), " features as in ", first.place,
                          ", found ", shape_text(sample_shape_of(features)),
                          ". Keep samples of one shape in a folder."));
    }
    if (labels.has_value() != parts.front().labels.has_value()) {
      throw DataError(str(features.place, ": expected ",
                          labels.has_value() ? "no labels, as in " : "labels as in ", first.place,
                          ", found ", labels.has_value() ? "some" : "none",
                          ". Keep samples with and without labels in different folders."));
    }
    if (labels && labels->rows() != features.rows()) {
      throw DataError(str(labels->place, ": expected ", features.rows(),
                          " labels, one for each sample in ", features.place, ", found ",
                          labels->rows(), ". Take both files from the same place."));
    }
    if (labels && labels->width() != 1) {
      throw DataError(str(labels->place, ": expected one label per sample, found ", labels->width(),
                          ". Save the number of the class for each sample (argmax of a one-hot "
                          "row), or one target."));
    }
  }
}

float finite(const StoredArray& array, std::int64_t sample, double value) {
  const auto narrow = static_cast<float>(value);
  if (!std::isfinite(narrow)) {
    refuse_not_finite(array, sample, value);
  }
  return narrow;
}

/// The samples while they are read.
class ArrayReading {
 public:
  ArrayReading(std::span<const LabelledArrays> parts, const ReadOptions& options)
      : parts_(parts),
        options_(options),
        threads_(threads_or_cores(options.threads)),
        buffers_(static_cast<std::size_t>(threads_)) {
    check_shapes(parts, options);
    samples_.shape = sample_shape_of(parts.front().features);
    samples_.format = name_of(parts.front().features.type);
    width_ = parts.front().features.width();
    for (const auto& [features, labels] : parts) {
      const std::string& place = labels ? labels->place : features.place;
      samples_.parts.push_back({place, features.rows(), 0});
      samples_.count += features.rows();
    }
  }

  Samples read() {
    FeatureRanges ranges(static_cast<std::size_t>(width_));
    has_missing_.resize(static_cast<std::size_t>(samples_.count));
    if (!options_.in_place) {
      samples_.features = allocate_aligned<float>(samples_.count * width_);
      read_features();
    } else if (needs_pass()) {
      ranges = look_at_features();
      samples_.has_pass = true;
    }
    // As for tables: --drop of a prediction leaves the labels out.
    if (parts_.front().labels && !(options_.optional_labels && options_.table.drop == "label")) {
      read_labels();
    }
    centre_values(std::move(ranges));
    leave_out_missing();
    return std::move(samples_);
  }

 private:
  /// Whether the features that stay in the files must be looked at before any is used.
  bool needs_pass() const {
    return std::any_of(parts_.begin(), parts_.end(), [&](const LabelledArrays& part) {
      const ElementType type = part.features.type;
      return (options_.origins == nullptr && may_round(type)) ||
             (options_.table.missing != Missing::error && may_be_nan(type));
    });
  }

  /// Calls use(sample, column, value as f32, thread) for all features, sample by sample within a
  /// piece, on all threads. Throws for a value that is not finite, unless it is missing and may be.
  template <typename Use>
  void for_each_feature(Use&& use) {
    std::int64_t at = 0;
    for (const LabelledArrays& part : parts_) {
      const StoredArray& array = part.features;
      for_each_piece(array, [&](std::int64_t first, std::int64_t last, int thread) {
        for_each_element(array, first, last, buffers_[static_cast<std::size_t>(thread)],
                         [&](std::int64_t row, std::int64_t column, auto value) {
                           use(at + row, column, narrowed(array, at, row, value), thread);
                         });
      });
      at += array.rows();
    }
  }

  /// A value of a row as f32. `at`: the sample of row 0.
  template <typename T>
  float narrowed(const StoredArray& array, std::int64_t at, std::int64_t row, T value) {
    const auto narrow = static_cast<float>(value);
    if constexpr (std::is_floating_point_v<T>) {
      if (!std::isfinite(narrow)) {
        if (options_.table.missing == Missing::error || !std::isnan(narrow)) {
          refuse_not_finite(array, row, value);
        }
        has_missing_[static_cast<std::size_t>(at + row)] = 1;
      }
    }
    return narrow;
  }

  void read_features() {
    float* const out = samples_.features.get();
    for_each_feature([&](std::int64_t sample, std::int64_t column, float value, int /*thread*/) {
      out[sample * width_ + column] = value;
    });
  }

  FeatureRanges look_at_features() {
    std::vector<FeatureRanges> ranges(static_cast<std::size_t>(threads_),
                                      FeatureRanges(static_cast<std::size_t>(width_)));
    for_each_feature([&](std::int64_t, std::int64_t column, float value, int thread) {
      FeatureRanges& range = ranges[static_cast<std::size_t>(thread)];
      const auto f = static_cast<std::size_t>(column);
      // Neither is true for NaN.
      range.least[f] = value < range.least[f] ? value : range.least[f];
      range.most[f] = value > range.most[f] ? value : range.most[f];
    });
    for (std::size_t t = 1; t < ranges.size(); ++t) {
      ranges.front().add(ranges[t]);
    }
    return std::move(ranges.front());
  }

  void read_labels() {
    const bool texts = is_text(parts_.front().labels->type);
    for (const LabelledArrays& part : parts_) {
      if (is_text(part.labels->type) != texts) {
        throw DataError(str(part.labels->place, ": expected ", texts ? "texts" : "integers",
                            " as labels, as in ", parts_.front().labels->place, ", found ",
                            texts ? "numbers" : "texts", ". Save all labels in one type."));
      }
    }
    if (texts) {
      read_text_labels();
      return;
    }
    const bool regression = options_.task == Task::regression;
    if (regression) {
      samples_.targets = allocate_aligned<float>(samples_.count);
    } else {
      samples_.labels = allocate_aligned<std::int64_t>(samples_.count);
    }
    std::int64_t at = 0;
    for (const LabelledArrays& part : parts_) {
      const StoredArray& array = *part.labels;
      for_each_element(
          array, 0, array.rows(), buffers_.front(),
          [&](std::int64_t row, std::int64_t, auto value) {
            if (regression) {
              samples_.targets[at + row] = finite(array, row, static_cast<double>(value));
            } else if (!exact_integer(value, samples_.labels[at + row])) {
              refuse(array, row,
                     str("expected an integer label, found ", value,
                         ". To train on real-valued labels use --task regression."));
            } else if (array.classes > 0 && samples_.labels[at + row] >= array.classes) {
              refuse(array, row,
                     str("expected a label below ", array.classes, ", found ",
                         samples_.labels[at + row], ". The file seems damaged; copy it again."));
            }
          });
      at += array.rows();
    }
  }

  void read_text_labels() {
    const StoredArray& array = *parts_.front().labels;
    if (options_.task == Task::regression) {
      throw DataError(str(array.place,
                          ": expected numbers as targets, found texts. Leave out "
                          "--task regression, or give numbers."));
    }
    std::vector<std::string> texts;
    for (const LabelledArrays& part : parts_) {
      const std::vector<std::string> more = read_texts(*part.labels);
      texts.insert(texts.end(), more.begin(), more.end());
    }
    std::map<std::string, std::int64_t> numbers;
    for (const std::string& text : texts) {
      numbers.emplace(text, 0);
    }
    for (auto& [text, number] : numbers) {
      number = std::ssize(samples_.label_texts);
      samples_.label_texts.push_back(text);
    }
    samples_.labels = allocate_aligned<std::int64_t>(samples_.count);
    for (std::size_t i = 0; i < texts.size(); ++i) {
      samples_.labels[static_cast<std::ptrdiff_t>(i)] = numbers.at(texts[i]);
    }
  }

  /// Some columns of `rows` samples at equal distances, as f64.
  std::vector<WideColumn> wide_columns(const std::vector<std::int64_t>& wanted, bool target,
                                       std::int64_t rows) {
    std::vector<WideColumn> columns = columns_for(wanted, target, rows, 0);
    std::vector<MergedNumbers> merged(columns.size());
    const std::vector<std::int64_t> column_of = feature_positions(wanted, width_);
    const auto put = [&](std::int64_t column, std::int64_t row, auto value) {
      const auto c = static_cast<std::size_t>(column);
      columns[c].values[static_cast<std::size_t>(row)] = static_cast<double>(value);
      if constexpr (std::is_same_v<decltype(value), std::int64_t> ||
                    std::is_same_v<decltype(value), std::uint64_t>) {
        merged[c].add(value);
      }
    };
    std::int64_t at = 0;
    for (const auto& found : runs_of(rows)) {
      const auto* const part = found.first;
      const auto& run = found.second;
      if (!wanted.empty()) {
        for_each_element(part->features, run.first, run.first + run.count, buffers_.front(),
                         [&](std::int64_t row, std::int64_t column, auto value) {
                           const std::int64_t c = column_of[static_cast<std::size_t>(column)];
                           if (c >= 0) {
                             put(c, at + row - run.first, value);
                           }
                         });
      }
      if (target) {
        for_each_element(*part->labels, run.first, run.first + run.count, buffers_.front(),
                         [&](std::int64_t row, std::int64_t, auto value) {
                           put(std::ssize(wanted), at + row - run.first, value);
                         });
      }
      at += run.count;
    }
    for (std::size_t c = 0; c < columns.size(); ++c) {
      columns[c].merged = merged[c].any(columns[c].values);
    }
    return columns;
  }

  /// `rows` samples at equal distances, by part.
  std::vector<std::pair<const LabelledArrays*, SampleRun>> runs_of(std::int64_t rows) const {
    std::vector<std::pair<const LabelledArrays*, SampleRun>> runs;
    for (const SampleRun& run : spread_samples(rows, samples_.count)) {
      std::int64_t begin = 0;  // of the part
      for (const LabelledArrays& part : parts_) {
        const std::int64_t first = std::max(run.first, begin);
        const std::int64_t last = std::min(run.first + run.count, begin + part.features.rows());
        if (first < last) {
          runs.push_back({&part, {.first = first - begin, .count = last - first}});
        }
        begin += part.features.rows();
      }
    }
    return runs;
  }

  /// Subtracts the given origins, or those that `numbers` need.
  void centre_columns(const std::vector<std::int64_t>& numbers, const FeatureRanges& ranges) {
    const WideValues values{
        .read = [this](const std::vector<std::int64_t>& wanted, bool target,
                       std::int64_t rows) { return wide_columns(wanted, target, rows); },
        .name = [](std::int64_t feature) { return str("feature ", feature); }};
    if (options_.origins != nullptr) {
      centre(samples_, *options_.origins, values);
    } else {
      centre(samples_, numbers, ranges, values);
    }
  }

  /// `ranges`: of the features that stay in the files; those in memory are measured.
  void centre_values(FeatureRanges ranges) {
    const bool features = std::any_of(parts_.begin(), parts_.end(), [](const LabelledArrays& part) {
      return may_round(part.features.type);
    });
    const bool targets = samples_.targets &&
                         std::any_of(parts_.begin(), parts_.end(),
                                     [](const auto& part) { return may_round(part.labels->type); });
    if (options_.origins == nullptr && !features && !targets) {
      return;
    }
    for (std::int64_t i = 0; options_.origins == nullptr && samples_.features && i < samples_.count;
         ++i) {
      ranges.add(samples_.features.get() + i * width_);
    }
    centre_columns(features ? all_features() : std::vector<std::int64_t>(), ranges);
  }

  std::vector<std::int64_t> all_features() const {
    std::vector<std::int64_t> numbers(static_cast<std::size_t>(width_));
    std::iota(numbers.begin(), numbers.end(), std::int64_t{0});
    return numbers;
  }

  /// Calls work(first, last, thread) for pieces of the rows of `array`, on all threads.
  void for_each_piece(const StoredArray& array,
                      const std::function<void(std::int64_t, std::int64_t, int)>& work) {
    constexpr std::int64_t kElements = std::int64_t{1} << 20;
    // Pieces of a column-major array would be many short reads.
    const std::int64_t rows =
        array.column_major ? array.rows() : std::max<std::int64_t>(1, kElements / width_);
    parallel_for((array.rows() + rows - 1) / rows, threads_, [&](std::int64_t piece, int thread) {
      work(piece * rows, std::min((piece + 1) * rows, array.rows()), thread);
    });
  }

  void leave_out_missing() {
    samples_.missing_samples = std::count(has_missing_.begin(), has_missing_.end(), 1);
    samples_.columns.missing = options_.table.missing;
    if (samples_.missing_samples == 0 || options_.table.missing != Missing::drop) {
      return;
    }
    std::int64_t kept = 0;
    std::int64_t at = 0;
    for (Samples::Part& part : samples_.parts) {
      const std::int64_t rows = std::exchange(part.count, 0);
      for (std::int64_t row = 0; row < rows; ++row, ++at) {
        if (has_missing_[static_cast<std::size_t>(at)] != 0) {
          continue;
        }
        if (samples_.features) {
          std::copy_n(samples_.features.get() + at * width_, width_,
                      samples_.features.get() + kept * width_);
        }
        if (samples_.labels) {
          samples_.labels[kept] = samples_.labels[at];
        }
        if (samples_.targets) {
          samples_.targets[kept] = samples_.targets[at];
        }
        part.lines.push_back(row);
        ++part.count;
        ++kept;
      }
    }
    samples_.dropped_samples = samples_.missing_samples;
    samples_.count = kept;
    if (kept == 0) {
      throw DataError(str(parts_.front().features.place,
                          ": expected samples without missing values, found none in all ",
                          samples_.dropped_samples, ". Use --missing mean."));
    }
  }

  std::span<const LabelledArrays> parts_;
  const ReadOptions& options_;
  int threads_;
  std::vector<std::vector<char>> buffers_;  // by thread
  std::int64_t width_ = 0;                  // features of a sample
  std::vector<char> has_missing_;           // by sample
  Samples samples_;
};

}  // namespace

void refuse_not_finite(const StoredArray& array, std::int64_t sample, double value) {
  refuse(array, sample,
         str("expected a finite number of at most 3.4e38 in size, found ", value,
             std::isnan(value) ? ". Correct the file, or set --missing to mean or drop."
                               : ". Correct the file."));
}

Samples read_labelled_arrays(std::span<const LabelledArrays> parts, const ReadOptions& options) {
  return ArrayReading(parts, options).read();
}

Samples take_array_pass(std::span<const LabelledArrays> parts, TextPass& pass,
                        const ReadOptions& options) {
  check_shapes(parts, options);
  Samples samples = std::move(pass.samples);
  const StoredArray& first = parts.front().features;
  bool same = samples.parts.size() == parts.size() && samples.shape == sample_shape_of(first);
  for (std::size_t p = 0; same && p < parts.size(); ++p) {
    const auto& [file, count, first_line, lines, is_sample] = samples.parts[p];
    const std::int64_t rows = parts[p].features.rows();
    same = lines.empty() ? count == 0 || count == rows
                         : std::is_sorted(lines.begin(), lines.end()) && lines.front() >= 0 &&
                               lines.back() < rows;
  }
  if (!same) {
    refuse_changed_file(first.place);
  }
  samples.columns.missing = options.table.missing;
  samples.format = name_of(first.type);
  samples.has_pass = true;
  return samples;
}

}  // namespace dga
