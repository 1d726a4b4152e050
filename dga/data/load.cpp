// SPDX-License-Identifier: Apache-2.0

#include "dga/data/load.h"

#include <algorithm>
#include <new>
#include <utility>

#include "dga/base/error.h"
#include "dga/data/classes.h"
#include "dga/data/equal_files.h"
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

/// The samples of a validation or test set, which must be like those of `train`; none for no files.
Samples read_like(const Samples& train, const std::vector<std::string>& paths,
                  const ReadOptions& options) {
  if (paths.empty()) {
    return {};
  }
  Samples samples = read_files(paths, options);
  if (samples.shape != train.shape) {
    throw DataError(str(samples.place(0), ": expected samples of ", shape_text(train.shape),
                        " features as in ", train.place(0), ", found ", shape_text(samples.shape),
                        ". Take both sets from the same source."));
  }
  return samples;
}

/// Warnings about files that equal others. Many are counted, not named.
std::vector<std::string> copies_among(const std::vector<DataSummary::File>& files) {
  constexpr std::size_t kMostNamed = 5;
  std::vector<std::string> paths;
  for (const DataSummary::File& file : files) {
    if (file.use != FileUse::ignored) {
      paths.push_back(file.path);
    }
  }
  const std::vector<EqualFiles> copies = equal_files(paths);
  std::vector<std::string> notices;
  for (std::size_t i = 0; i < std::min(copies.size(), kMostNamed); ++i) {
    notices.push_back(str(printable(paths[copies[i].copy], 4096), ": the same bytes as ",
                          printable(paths[copies[i].first], 4096),
                          ". Remove one, unless that is meant."));
  }
  if (copies.size() > kMostNamed) {
    notices.push_back(str(printable(paths[copies[kMostNamed].copy], 4096), " and ",
                          copies.size() - kMostNamed - 1,
                          " more: the same bytes as other files. Remove them, unless that is "
                          "meant."));
  }
  return notices;
}

/// What the files are used as, and what there is to say about them.
DataSummary summary_of_files(const DataFiles& files) {
  DataSummary summary{.notices = files.notices};
  for (const auto& [use, paths] :
       {std::pair(FileUse::train, &files.train), std::pair(FileUse::validation, &files.validation),
        std::pair(FileUse::test, &files.test)}) {
    for (const std::string& path : *paths) {
      summary.files.push_back({.path = path, .use = use});
    }
  }
  for (const IgnoredFile& file : files.ignored) {
    summary.files.push_back({.path = file.path, .use = FileUse::ignored, .reason = file.reason});
  }
  const std::vector<std::string> copies = copies_among(summary.files);
  summary.notices.insert(summary.notices.end(), copies.begin(), copies.end());
  return summary;
}

}  // namespace

DataSummary summary_of(const LoadedData& data) {
  DGA_CHECK(data.train != nullptr,
            "[data] summary_of: expected training samples, found none. Pass load_data().");
  DataSummary summary = data.summary;
  summary.features = data.train->num_features();
  summary.classes.clear();
  for (std::string& name : data.train->class_names()) {
    summary.classes.push_back({.name = std::move(name)});
  }
  for (std::int64_t i = 0; data.train->labels() != nullptr && i < data.train->size(); ++i) {
    ++summary.classes[static_cast<std::size_t>(data.train->labels()[i])].samples;
  }
  return summary;
}

LoadedData load_data(const LoadOptions& options) {
  const DataFiles files = find_data_files(
      {.data = options.data, .validation = options.validation_data, .test = options.test_data});
  const ReadOptions reading{
      .task = options.task, .label = options.label, .threads = options.threads};
  Samples train = read_files(files.train, reading);
  Samples validation = read_like(train, files.validation, reading);
  Samples test = read_like(train, files.test, reading);
  std::vector<std::string> names;
  if (train.labels) {
    const auto classes = distinct_labels(train);
    if (classes.size() < 2) {
      throw DataError(
          str(printable(options.data, 4096), ": expected labels of at least 2 classes, found only ",
              classes.front(), " in all ", train.count,
              " samples. Choose the label column with --label, or use --task regression."));
    }
    for (Samples* set : {&train, &validation, &test}) {
      map_labels(*set, classes);
    }
    for (const std::int64_t label : classes) {
      names.push_back(std::to_string(label));
    }
  }
  LoadedData data;
  data.summary = summary_of_files(files);
  data.summary.label = train.label;
  for (Samples* set : {&train, &validation, &test}) {
    data.summary.notices.insert(data.summary.notices.end(), set->notices.begin(),
                                set->notices.end());
  }
  data.validation = validation.count > 0 ? table_of(std::move(validation), names) : nullptr;
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
  const DataFiles files = find_one_set(options.data);
  Samples samples = read_files(
      files.train, {.task = options.classes.empty() ? Task::regression : Task::classification,
                    .label = options.label,
                    .features = features,
                    .threads = options.threads});
  if (samples.labels) {
    map_labels(samples, options.classes);
  }
  samples.shape = options.shape;
  samples.notices.insert(samples.notices.begin(), files.notices.begin(), files.notices.end());
  return samples;
}

HeldOut hold_out(const LoadedData& data, double test_fraction, std::uint64_t seed) {
  DGA_CHECK(data.train != nullptr,
            "[data] hold_out: expected training samples, found none. Pass load_data().");
  HeldOut sets{.train = data.train, .test = data.test, .validation = data.validation};
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
  if (sets.validation != nullptr) {
    result.validation = std::make_shared<Normalised>(sets.validation, result.normalisation);
  }
  return result;
}

}  // namespace dga
