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

std::shared_ptr<const Table> table_of(const SampleArrays& arrays, Samples labels,
                                      const std::vector<std::string>& names) {
  return std::make_shared<Table>(arrays.count, arrays.shape, arrays.features,
                                 std::move(labels.labels), names);
}

}  // namespace

LoadedData data_from_arrays(const SampleArrays& train, const SampleArrays& test) {
  check("", train);
  const bool has_test = test.count > 0;
  if (has_test) {
    check("test_", test);
    if (test.shape != train.shape || (test.labels == nullptr) != (train.labels == nullptr)) {
      throw DataError(str("[data] test_x: expected samples like those of x, with ", width_of(train),
                          " features and ", train.labels ? "integer labels" : "real targets",
                          ", found ", width_of(test), " features and ",
                          test.labels ? "integer labels" : "real targets",
                          ". Take both from the same source."));
    }
  }
  if (train.targets) {
    LoadedData data;
    data.train = std::make_shared<Table>(train.count, train.shape, train.features, train.targets);
    if (has_test) {
      data.test = std::make_shared<Table>(test.count, test.shape, test.features, test.targets);
    }
    return data;
  }
  Samples labels = labels_of("y", train);
  const std::vector<std::int64_t> classes = distinct_labels(labels);
  if (classes.size() < 2) {
    throw DataError(str("[data] y: expected labels of at least 2 classes, found only ",
                        classes.front(), " in all ", train.count,
                        " samples. Pass other labels, or ask for regression."));
  }
  map_labels(labels, classes);
  std::vector<std::string> names;
  names.reserve(classes.size());
  for (const std::int64_t label : classes) {
    names.push_back(std::to_string(label));
  }
  LoadedData data;
  if (has_test) {
    Samples test_labels = labels_of("test_y", test);
    map_labels(test_labels, classes);
    data.test = table_of(test, std::move(test_labels), names);
  }
  data.train = table_of(train, std::move(labels), names);
  return data;
}

}  // namespace dga
