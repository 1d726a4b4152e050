// SPDX-License-Identifier: Apache-2.0

#include "dga/data/arrays.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "dga/base/error.h"
#include "dga/data/aligned.h"
#include "dga/data/centring.h"
#include "dga/data/classes.h"
#include "dga/data/source.h"

namespace dga {
namespace {

std::int64_t width_of(const SampleArrays& arrays) {
  std::int64_t width = 1;
  for (const std::int64_t dim : arrays.shape) {
    width *= dim;
  }
  return width;
}

bool is_regression(const SampleArrays& arrays) {
  return arrays.labels == nullptr;
}

std::string kind_of(const SampleArrays& arrays) {
  const char* const labels = is_regression(arrays)        ? "real targets"
                             : arrays.label_texts.empty() ? "integer labels"
                                                          : "text labels";
  return str(width_of(arrays), " features and ", labels);
}

/// The columns by input of the model; empty if there are none.
std::vector<const Column*> columns_by_input(const Columns& columns) {
  std::vector<const Column*> inputs;
  for (const Column& column : columns.all) {
    if (column.use == ColumnUse::feature) {
      inputs.push_back(&column);
    } else if (column.use == ColumnUse::category) {
      inputs.insert(inputs.end(), column.categories.size(), &column);
    }
  }
  return inputs;
}

/// What was expected instead of `found`.
const char* kind_of_number(double found) {
  return std::isfinite(found) ? "numbers that f32 can hold, at most 3.4e38" : "finite numbers";
}

/// One of the sets, while its dataset is made.
class ArraySet {
 public:
  /// `prefix` is "", "test_" or "val_". Throws as data_from_arrays does.
  ArraySet(std::string prefix, const SampleArrays& arrays, const Columns& columns);

  std::int64_t count() const { return std::ssize(kept_); }
  /// Where f32 needs them, for wide arrays.
  Origins measure_origins(std::vector<std::string>& notices) const;
  /// The labels of all samples, as a Samples, so that files and arrays share the code that maps
  /// labels to classes, and errors have the sample's own number.
  Samples labels() const;
  /// Drops the labels of samples that are left out.
  void keep(Samples& labels) const;
  std::shared_ptr<const Table> table(Samples labels, const std::vector<std::string>& names,
                                     Origins origins) const;
  void note_missing(std::vector<std::string>& notices) const;

 private:
  void check_sizes() const;
  template <typename T>
  void check_features(const T* values);
  template <typename T>
  void check_targets(const T* values) const;
  std::string name_of_feature(std::int64_t feature) const;
  double origin_of(const std::string& name, const std::vector<double>& values,
                   std::vector<std::string>& notices) const;
  std::vector<double> to_compare(const std::function<double(std::int64_t sample)>& value_of) const;
  std::shared_ptr<const float[]> features(const std::vector<double>& origins) const;
  std::shared_ptr<const float[]> targets(double origin) const;
  template <typename T>
  std::shared_ptr<const float[]> narrowed(const char* what, const T* values, std::int64_t width,
                                          const std::vector<double>& origins) const;

  std::string prefix_;
  const SampleArrays& arrays_;
  Missing missing_;
  std::vector<const Column*> inputs_;
  std::int64_t width_;
  std::vector<std::int64_t> kept_ = {};  // the samples that are not left out
  std::int64_t missing_samples_ = 0;
};

ArraySet::ArraySet(std::string prefix, const SampleArrays& arrays, const Columns& columns)
    : prefix_(std::move(prefix)),
      arrays_(arrays),
      missing_(columns.missing),
      inputs_(columns_by_input(columns)),
      width_(width_of(arrays)) {
  check_sizes();
  kept_.reserve(static_cast<std::size_t>(arrays.count));
  if (arrays_.features) {
    check_features(arrays_.features.get());
  } else {
    check_features(arrays_.wide_features.get());
  }
  if (arrays_.targets) {
    check_targets(arrays_.targets.get());
  } else if (arrays_.wide_targets) {
    check_targets(arrays_.wide_targets.get());
  }
  if (kept_.empty()) {
    throw DataError(str("[data] ", prefix_, "x: expected samples without missing values, found ",
                        "none in all ", arrays_.count,
                        ". Set missing to mean, or leave columns out."));
  }
}

void ArraySet::check_sizes() const {
  if (arrays_.count < 1 || width_ < 1) {
    throw DataError(str("[data] ", prefix_,
                        "x: expected at least one sample with one feature, found ", arrays_.count,
                        " samples with ", width_, " features. Pass some data."));
  }
  DGA_CHECK((arrays_.features == nullptr) != (arrays_.wide_features == nullptr), "[data] ", prefix_,
            "x: expected features as f32 or as f64, found ", arrays_.features ? "both" : "neither",
            ". Pass one of them.");
  const int given =
      (arrays_.labels ? 1 : 0) + (arrays_.targets ? 1 : 0) + (arrays_.wide_targets ? 1 : 0);
  DGA_CHECK(given == 1, "[data] ", prefix_, "y: expected labels or targets, found ",
            given > 1 ? "both" : "neither", ". Pass one of them.");
  DGA_CHECK(inputs_.empty() || std::ssize(inputs_) == width_, "[data] ", prefix_,
            "x: expected columns that give ", width_, " features, found ", inputs_.size(),
            ". Describe the columns of x.");
  const std::vector<std::string>& texts = arrays_.label_texts;
  DGA_CHECK(std::adjacent_find(texts.begin(), texts.end(), std::greater_equal<>()) == texts.end(),
            "[data] ", prefix_,
            "y: expected label texts that ascend, found others. Sort them, each once.");
  for (std::int64_t i = 0; i < arrays_.count && !texts.empty() && arrays_.labels; ++i) {
    DGA_CHECK(arrays_.labels[i] >= 0 && arrays_.labels[i] < std::ssize(texts), "[data] ", prefix_,
              "y: expected labels in [0, ", texts.size(), "), found ", arrays_.labels[i],
              " in sample ", i, ". Pass positions in the label texts.");
  }
}

std::string ArraySet::name_of_feature(std::int64_t feature) const {
  const Column* const column =
      inputs_.empty() ? nullptr : inputs_[static_cast<std::size_t>(feature)];
  return column == nullptr || column->name.empty() ? str("feature ", feature)
                                                   : str("column ", printable(column->name));
}

template <typename T>
void ArraySet::check_features(const T* values) {
  const bool one = width_ == 1 && (inputs_.empty() || inputs_.front()->name.empty());
  for (std::int64_t i = 0; i < arrays_.count; ++i) {
    const T* const row = values + i * width_;
    bool missing = false;
    for (std::int64_t f = 0; f < width_; ++f) {
      if (std::isfinite(static_cast<float>(row[f]))) {
        continue;
      }
      const bool is_missing = std::isnan(row[f]);
      if (!is_missing || missing_ == Missing::error) {
        throw DataError(
            str("[data] ", prefix_, "x: expected ", kind_of_number(row[f]), ", found ", row[f],
                " in sample ", i, one ? std::string() : ", " + name_of_feature(f),
                std::isfinite(row[f]) ? ". Scale them down."
                : is_missing ? ". Remove such samples or replace the values, or set missing to "
                               "mean or drop."
                             : ". Remove such samples or replace the values."));
      }
      missing = true;
    }
    missing_samples_ += missing ? 1 : 0;
    if (!missing || missing_ == Missing::mean) {
      kept_.push_back(i);
    }
  }
}

template <typename T>
void ArraySet::check_targets(const T* values) const {
  const T* const end = values + arrays_.count;
  const T* const bad =
      std::find_if(values, end, [](T value) { return !std::isfinite(static_cast<float>(value)); });
  if (bad != end) {
    throw DataError(str("[data] ", prefix_, "y: expected ", kind_of_number(*bad), ", found ", *bad,
                        " in sample ", bad - values,
                        ". Remove such samples or replace the values."));
  }
}

double ArraySet::origin_of(const std::string& name, const std::vector<double>& values,
                           std::vector<std::string>& notices) const {
  const Origin origin = choose_origin(values);
  if (!origin.warning.empty()) {
    notices.push_back(str("[data] ", prefix_, name, " ", origin.warning,
                          ", so the model cannot tell them apart. Leave an identifier out."));
  }
  return origin.value;
}

/// The values of the samples that tell whether f32 merges some.
std::vector<double> ArraySet::to_compare(
    const std::function<double(std::int64_t sample)>& value_of) const {
  std::vector<double> values;
  for (const SampleRun& run : spread_samples(samples_to_compare(count(), width_), count())) {
    for (std::int64_t i = run.first; i < run.first + run.count; ++i) {
      values.push_back(value_of(kept_[static_cast<std::size_t>(i)]));
    }
  }
  return values;
}

Origins ArraySet::measure_origins(std::vector<std::string>& notices) const {
  Origins origins;
  if (const double* const values = arrays_.wide_features.get()) {
    const auto width = static_cast<std::size_t>(width_);
    FeatureRanges ranges(width);
    std::vector<float> narrow(width);
    for (const std::int64_t sample : kept_) {
      std::transform(values + sample * width_, values + (sample + 1) * width_, narrow.begin(),
                     [](double value) { return static_cast<float>(value); });
      ranges.add(narrow.data());
    }
    std::vector<double> found(width, 0.0);
    std::vector<double> column(kept_.size());
    for (std::size_t f = 0; f < width; ++f) {
      const auto value_of = [&](std::int64_t sample) {
        return values[sample * width_ + static_cast<std::int64_t>(f)];
      };
      if (ranges.crowded(f) || merge_in_f32(to_compare(value_of))) {
        std::transform(kept_.begin(), kept_.end(), column.begin(), value_of);
        found[f] =
            origin_of("x: " + name_of_feature(static_cast<std::int64_t>(f)), column, notices);
      }
    }
    if (std::any_of(found.begin(), found.end(), [](double origin) { return origin != 0; })) {
      origins.features = std::move(found);
    }
  }
  if (const double* const values = arrays_.wide_targets.get()) {
    std::vector<double> column;
    column.reserve(kept_.size());
    for (const std::int64_t sample : kept_) {
      column.push_back(values[sample]);
    }
    const auto [least, most] = std::minmax_element(column.begin(), column.end());
    if (is_crowded(static_cast<float>(*least), static_cast<float>(*most)) ||
        merge_in_f32(to_compare([&](std::int64_t sample) { return values[sample]; }))) {
      origins.target = origin_of("y: the target", column, notices);
    }
  }
  return origins;
}

/// A copy of the samples that are kept, as f32 and minus the origins, of which there are `width`,
/// or none if all are 0.
template <typename T>
std::shared_ptr<const float[]> ArraySet::narrowed(const char* what, const T* values,
                                                  std::int64_t width,
                                                  const std::vector<double>& origins) const {
  auto copy = allocate_aligned<float>(count() * width);
  float* out = copy.get();
  for (const std::int64_t sample : kept_) {
    const T* const row = values + sample * width;
    for (std::int64_t f = 0; f < width; ++f) {
      const double origin = origins.empty() ? 0 : origins[static_cast<std::size_t>(f)];
      *out = static_cast<float>(static_cast<double>(row[f]) - origin);
      if (std::isinf(*out)) {
        throw DataError(str("[data] ", prefix_, what,
                            ": expected numbers at most 3.4e38 apart, found ", row[f],
                            " in sample ", sample, ". Scale them down."));
      }
      ++out;
    }
  }
  return copy;
}

std::shared_ptr<const float[]> ArraySet::features(const std::vector<double>& origins) const {
  if (arrays_.wide_features) {
    return narrowed("x", arrays_.wide_features.get(), width_, origins);
  }
  return origins.empty() && count() == arrays_.count
             ? arrays_.features
             : narrowed("x", arrays_.features.get(), width_, origins);
}

std::shared_ptr<const float[]> ArraySet::targets(double origin) const {
  const std::vector<double> origins = origin == 0 ? std::vector<double>() : std::vector{origin};
  if (arrays_.wide_targets) {
    return narrowed("y", arrays_.wide_targets.get(), 1, origins);
  }
  return origin == 0 && count() == arrays_.count ? arrays_.targets
                                                 : narrowed("y", arrays_.targets.get(), 1, origins);
}

Samples ArraySet::labels() const {
  const std::int64_t all = arrays_.count;
  Samples samples;
  samples.count = all;
  samples.labels = std::make_shared<std::int64_t[]>(static_cast<std::size_t>(all));
  std::copy_n(arrays_.labels.get(), all, samples.labels.get());
  samples.parts.push_back({.file = str("[data] ", prefix_, "y"), .count = all});
  samples.label_texts = arrays_.label_texts;
  return samples;
}

void ArraySet::keep(Samples& labels) const {
  labels.count = count();
  labels.parts.front().count = count();
  if (count() < arrays_.count) {
    labels.parts.front().lines = kept_;
  }
  for (std::size_t i = 0; i < kept_.size(); ++i) {
    labels.labels[static_cast<std::ptrdiff_t>(i)] = labels.labels[kept_[i]];
  }
}

std::shared_ptr<const Table> ArraySet::table(Samples labels, const std::vector<std::string>& names,
                                             Origins origins) const {
  auto values = features(origins.features);
  if (is_regression(arrays_)) {
    auto wanted = targets(origins.target);
    return std::make_shared<Table>(count(), arrays_.shape, std::move(values), std::move(wanted),
                                   std::move(origins));
  }
  return std::make_shared<Table>(count(), arrays_.shape, std::move(values),
                                 std::move(labels.labels), names, std::move(origins));
}

void ArraySet::note_missing(std::vector<std::string>& notices) const {
  if (missing_samples_ > 0) {
    notices.push_back(str("[data] ", prefix_, "x: ", missing_samples_, " of ", arrays_.count,
                          " samples have missing values. ",
                          missing_ == Missing::drop
                              ? "They are left out."
                              : "The values are replaced by the mean of their column."));
  }
}

/// A set that must be like `train`; nothing without samples.
std::optional<ArraySet> set_like(const SampleArrays& train, const char* prefix,
                                 const SampleArrays& arrays) {
  if (arrays.count == 0) {
    return std::nullopt;
  }
  ArraySet set(prefix, arrays, train.columns);
  if (arrays.shape != train.shape || is_regression(arrays) != is_regression(train) ||
      arrays.label_texts.empty() != train.label_texts.empty()) {
    throw DataError(str("[data] ", prefix, "x: expected samples like those of x, with ",
                        kind_of(train), ", found ", kind_of(arrays),
                        ". Take both from the same source."));
  }
  return set;
}

}  // namespace

LoadedData data_from_arrays(const SampleArrays& train, const SampleArrays& test,
                            const SampleArrays& validation) {
  const ArraySet train_set("", train, train.columns);
  const std::optional<ArraySet> test_set = set_like(train, "test_", test);
  const std::optional<ArraySet> validation_set = set_like(train, "val_", validation);
  LoadedData data{.columns = train.columns};
  data.columns.text_labels = !train.label_texts.empty();
  std::vector<std::int64_t> classes;
  std::vector<std::string> names;
  if (!is_regression(train)) {
    Samples labels = train_set.labels();
    train_set.keep(labels);
    classes = distinct_labels(labels);
    for (const std::int64_t label : classes) {
      names.push_back(data.columns.text_labels ? train.label_texts[static_cast<std::size_t>(label)]
                                               : std::to_string(label));
    }
    if (names.size() < 2) {
      throw DataError(str("[data] y: expected labels of at least 2 classes, found only ",
                          printable(names.front()), " in all ", train_set.count(),
                          " samples. Pass other labels, or ask for regression."));
    }
  }
  std::vector<std::string>& notices = data.summary.notices;
  const Origins origins = train_set.measure_origins(notices);
  const auto table_of = [&](const ArraySet& set) {
    Samples labels;
    if (!is_regression(train)) {
      labels = set.labels();
      set.keep(labels);
      if (data.columns.text_labels) {
        map_text_labels(labels, names);
      } else {
        map_labels(labels, classes);
      }
    }
    set.note_missing(notices);
    return set.table(std::move(labels), names, origins);
  };
  data.train = table_of(train_set);
  data.test = test_set ? table_of(*test_set) : nullptr;
  data.validation = validation_set ? table_of(*validation_set) : nullptr;
  return data;
}

}  // namespace dga
