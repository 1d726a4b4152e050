// SPDX-License-Identifier: Apache-2.0

#include "dga/data/load.h"

#include <new>
#include <utility>

#include "dga/base/error.h"
#include "dga/data/classes.h"
#include "dga/data/formats/format.h"
#include "dga/data/location.h"
#include "dga/data/split.h"
#include "dga/data/subset.h"

namespace dga {
namespace {

Samples read_files(const std::vector<std::string>& paths, const ReadOptions& options) {
  std::vector<SourcePtr> sources;
  const Format* format = nullptr;
  for (const std::string& path : paths) {
    sources.push_back(open_file(path));
    const Format& found = format_of(*sources.back());
    if (format != nullptr && format != &found) {
      throw DataError(str(sources.back()->name(), ": expected ", format->name, " as in ",
                          sources.front()->name(), ", found ", found.name,
                          ". Keep one format in a folder."));
    }
    format = &found;
  }
  try {
    return format->read(sources, options);
  } catch (const std::bad_alloc&) {
    throw DataError(str(sources.front()->name(),
                        ": expected samples that fit into memory, found more. Load fewer "
                        "files, or use a machine with more memory."));
  }
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::string text;
  for (const std::int64_t dim : shape) {
    text += (text.empty() ? "" : " x ") + std::to_string(dim);
  }
  return text;
}

std::shared_ptr<const Table> table_of(Samples samples, const std::vector<std::string>& names) {
  if (samples.targets) {
    return std::make_shared<Table>(samples.count, std::move(samples.shape),
                                   std::move(samples.features), std::move(samples.targets));
  }
  return std::make_shared<Table>(samples.count, std::move(samples.shape),
                                 std::move(samples.features), std::move(samples.labels), names);
}

/// All files at a location as one set, without separating test files.
std::vector<std::string> files_of_one_set(const std::string& data) {
  DataFiles given = find_data_files(data);
  given.train.insert(given.train.end(), given.test.begin(), given.test.end());
  return given.train;
}

}  // namespace

LoadedData load_data(const LoadOptions& options) {
  DataFiles files = find_data_files(options.data);
  if (!options.test_data.empty()) {
    files.test = files_of_one_set(options.test_data);
  }
  const ReadOptions reading{
      .task = options.task, .label = options.label, .threads = options.threads};
  Samples train = read_files(files.train, reading);
  Samples test;
  if (!files.test.empty()) {
    test = read_files(files.test, reading);
    if (test.shape != train.shape) {
      throw DataError(str(test.place(0), ": expected samples of ", shape_text(train.shape),
                          " features as in ", train.place(0), ", found ", shape_text(test.shape),
                          ". Take both sets from the same source."));
    }
  }
  std::vector<std::string> names;
  if (train.labels) {
    const auto classes = distinct_labels(train);
    if (classes.size() < 2) {
      throw DataError(
          str(printable(options.data, 4096), ": expected labels of at least 2 classes, found only ",
              classes.front(), " in all ", train.count,
              " samples. Choose the label column with --label, or use --task regression."));
    }
    map_labels(train, classes);
    if (test.count > 0) {
      map_labels(test, classes);
    }
    for (const std::int64_t label : classes) {
      names.push_back(std::to_string(label));
    }
  }
  LoadedData data;
  data.test = test.count > 0 ? table_of(std::move(test), names) : nullptr;
  data.train = table_of(std::move(train), names);
  return data;
}

Samples load_samples(const SamplesOptions& options) {
  std::int64_t features = 1;
  for (const std::int64_t dim : options.shape) {
    features *= dim;
  }
  DGA_CHECK(features > 0, "[data] load_samples: expected the shape of a sample, found ",
            shape_text(options.shape), ". Pass the input shape of the model.");
  for (std::size_t i = 1; i < options.classes.size(); ++i) {
    DGA_CHECK(options.classes[i - 1] < options.classes[i],
              "[data] load_samples: expected the labels of the classes in ascending order, as a "
              "training has them, found ",
              options.classes[i], " after ", options.classes[i - 1],
              ". Take model.json as the run wrote it.");
  }
  Samples samples =
      read_files(files_of_one_set(options.data),
                 {.task = options.classes.empty() ? Task::regression : Task::classification,
                  .label = options.label,
                  .features = features,
                  .threads = options.threads});
  if (samples.labels) {
    map_labels(samples, options.classes);
  }
  samples.shape = options.shape;
  return samples;
}

HeldOut hold_out(const LoadedData& data, double test_fraction, std::uint64_t seed) {
  DGA_CHECK(data.train != nullptr,
            "[data] hold_out: expected training samples, found none. Pass load_data().");
  HeldOut sets{.train = data.train, .test = data.test};
  if (sets.test == nullptr) {
    Split parts = split(*data.train, test_fraction, seed);
    if (!parts.test.empty()) {
      sets.test = std::make_shared<Subset>(data.train, std::move(parts.test));
      sets.train = std::make_shared<Subset>(data.train, std::move(parts.train));
    }
  }
  return sets;
}

PreparedData split_and_normalise(const LoadedData& data, double test_fraction, std::uint64_t seed) {
  const HeldOut sets = hold_out(data, test_fraction, seed);
  PreparedData result;
  result.normalisation = measure_normalisation(*sets.train);
  result.train = std::make_shared<Normalised>(sets.train, result.normalisation);
  if (sets.test != nullptr) {
    result.test = std::make_shared<Normalised>(sets.test, result.normalisation);
  }
  return result;
}

}  // namespace dga
