// SPDX-License-Identifier: Apache-2.0

#include "dga/data/arrays.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "dga/base/error.h"
#include "dga/data/classes.h"

namespace dga {
namespace {

std::int64_t width_of(const SampleArrays& arrays) {
  std::int64_t width = 1;
  for (const std::int64_t dim : arrays.shape) {
    width *= dim;
  }
  return width;
}

void check_finite(const std::string& name, const float* values, std::int64_t count,
                  std::int64_t width) {
  const float* end = values + count * width;
  const float* bad = std::find_if(values, end, [](float value) { return !std::isfinite(value); });
  if (bad != end) {
    const std::int64_t at = bad - values;
    throw DataError(str("[data] ", name, ": expected finite numbers, found ", *bad, " in sample ",
                        at / width, width > 1 ? str(", feature ", at % width) : std::string(),
                        ". Remove such samples or replace the values."));
  }
}

void check(const std::string& prefix, const SampleArrays& arrays) {
  const std::int64_t width = width_of(arrays);
  if (arrays.count < 1 || width < 1) {
    throw DataError(str("[data] ", prefix,
                        "x: expected at least one sample with one feature, found ", arrays.count,
                        " samples with ", width, " features. Pass some data."));
  }
  DGA_CHECK((arrays.labels == nullptr) != (arrays.targets == nullptr), "[data] ", prefix,
            "y: expected labels or targets, found ", arrays.labels ? "both" : "neither",
            ". Pass one of them.");
  check_finite(prefix + "x", arrays.features.get(), arrays.count, width);
  if (arrays.targets) {
    check_finite(prefix + "y", arrays.targets.get(), arrays.count, 1);
  }
}

/// A copy of the labels in a Samples, so that files and arrays share the code that maps labels to
/// classes.
Samples labels_of(const std::string& name, const SampleArrays& arrays) {
  Samples samples;
  samples.count = arrays.count;
  samples.labels = std::make_shared<std::int64_t[]>(static_cast<std::size_t>(arrays.count));
  std::copy_n(arrays.labels.get(), arrays.count, samples.labels.get());
  samples.parts.push_back({.file = "[data] " + name, .count = arrays.count});
  return samples;
}

/// Throws DataError unless `arrays` are samples like those of `train`.
void check_like(const SampleArrays& train, const std::string& prefix, const SampleArrays& arrays) {
  check(prefix, arrays);
  if (arrays.shape != train.shape || (arrays.labels == nullptr) != (train.labels == nullptr)) {
    throw DataError(
        str("[data] ", prefix, "x: expected samples like those of x, with ", width_of(train),
            " features and ", train.labels ? "integer labels" : "real targets", ", found ",
            width_of(arrays), " features and ", arrays.labels ? "integer labels" : "real targets",
            ". Take both from the same source."));
  }
}

/// A table with `classes` for labels; null without samples.
std::shared_ptr<const Table> table_of(const std::string& name, const SampleArrays& arrays,
                                      const std::vector<std::int64_t>& classes,
                                      const std::vector<std::string>& names) {
  if (arrays.count == 0) {
    return nullptr;
  }
  if (arrays.targets) {
    return std::make_shared<Table>(arrays.count, arrays.shape, arrays.features, arrays.targets);
  }
  Samples labels = labels_of(name, arrays);
  map_labels(labels, classes);
  return std::make_shared<Table>(arrays.count, arrays.shape, arrays.features,
                                 std::move(labels.labels), names);
}

}  // namespace

LoadedData data_from_arrays(const SampleArrays& train, const SampleArrays& test,
                            const SampleArrays& validation) {
  check("", train);
  if (test.count > 0) {
    check_like(train, "test_", test);
  }
  if (validation.count > 0) {
    check_like(train, "val_", validation);
  }
  std::vector<std::int64_t> classes;
  std::vector<std::string> names;
  if (train.labels) {
    classes = distinct_labels(labels_of("y", train));
    if (classes.size() < 2) {
      throw DataError(str("[data] y: expected labels of at least 2 classes, found only ",
                          classes.front(), " in all ", train.count,
                          " samples. Pass other labels, or ask for regression."));
    }
    for (const std::int64_t label : classes) {
      names.push_back(std::to_string(label));
    }
  }
  LoadedData data;
  data.train = table_of("y", train, classes, names);
  data.test = table_of("test_y", test, classes, names);
  data.validation = table_of("val_y", validation, classes, names);
  return data;
}

}  // namespace dga
