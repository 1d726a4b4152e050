// SPDX-License-Identifier: Apache-2.0

#include "dga/data/load.h"

#include <charconv>
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
                                   std::move(samples.features), std::move(samples.targets),
                                   std::move(samples.origins));
  }
  return std::make_shared<Table>(samples.count, std::move(samples.shape),
                                 std::move(samples.features), std::move(samples.labels), names,
                                 std::move(samples.origins));
}

/// What the user should know about a set.
std::vector<std::string> notices_of(const Samples& samples) {
  std::vector<std::string> notices = samples.notices;
  if (samples.missing_samples > 0) {
    const bool dropped = samples.columns.missing == Missing::drop;
    notices.push_back(str(
        samples.parts.front().file, ": ", samples.missing_samples, " of ",
        samples.count + samples.dropped_samples, " samples have missing values. ",
        dropped ? "They are left out." : "The values are replaced by the mean of their column."));
  }
  return notices;
}

/// The columns of a model whose card has none: features without names, and a label.
Columns unnamed_columns(std::int64_t features) {
  Columns columns;
  columns.all.resize(static_cast<std::size_t>(features));
  columns.all.push_back({.use = ColumnUse::label});
  return columns;
}

/// Class names that are integers, which must ascend.
std::vector<std::int64_t> integers_of(const std::vector<std::string>& names) {
  std::vector<std::int64_t> labels;
  for (const std::string& name : names) {
    const char* const end = name.data() + name.size();
    std::int64_t label = 0;
    const auto parsed = std::from_chars(name.data(), end, label);
    DGA_CHECK(
        parsed.ec == std::errc{} && parsed.ptr == end && (labels.empty() || labels.back() < label),
        "[data] load_samples: expected the labels of the classes as integers in ascending "
        "order, as a training has them, found ",
        printable(name), labels.empty() ? "" : str(" after ", labels.back()),
        ". Take model.json as the run wrote it.");
    labels.push_back(label);
  }
  return labels;
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
  ReadOptions reading{.task = options.task, .table = options.table, .threads = options.threads};
  Samples train = read_files(files.train, reading);
  LoadedData data{.columns = train.columns,
                  .text_labels = !train.label_texts.empty(),
                  .notices = notices_of(train)};
  Samples test;
  if (!files.test.empty()) {
    const bool table = !train.columns.all.empty();
    reading.columns = table ? &train.columns : nullptr;
    reading.origins = table ? &train.origins : nullptr;
    reading.text_labels = data.text_labels;
    test = read_files(files.test, reading);
    if (test.shape != train.shape) {
      throw DataError(str(test.place(0), ": expected samples of ", shape_text(train.shape),
                          " features as in ", train.place(0), ", found ", shape_text(test.shape),
                          ". Take both sets from the same source."));
    }
    const auto notices = notices_of(test);
    data.notices.insert(data.notices.end(), notices.begin(), notices.end());
  }
  std::vector<std::string> names = train.label_texts;
  if (train.labels) {
    const auto classes = distinct_labels(train);
    if (classes.size() < 2) {
      throw DataError(
          str(printable(options.data, 4096), ": expected labels of at least 2 classes, found only ",
              data.text_labels ? printable(names.front()) : std::to_string(classes.front()),
              " in all ", train.count,
              " samples. Choose the label column with --label, or use --task regression."));
    }
    if (data.text_labels) {
      if (test.count > 0) {
        map_text_labels(test, names);
      }
    } else {
      map_labels(train, classes);
      if (test.count > 0) {
        map_labels(test, classes);
      }
      for (const std::int64_t label : classes) {
        names.push_back(std::to_string(label));
      }
    }
  }
  data.test = test.count > 0 ? table_of(std::move(test), names) : nullptr;
  data.train = table_of(std::move(train), names);
  return data;
}

Samples load_samples(const SamplesOptions& options) {
  const ModelCard& card = options.card;
  std::int64_t features = card.input_shape.empty() ? 0 : 1;
  for (const std::int64_t dim : card.input_shape) {
    features *= dim;
  }
  DGA_CHECK(features > 0, "[data] load_samples: expected the shape of a sample, found ",
            shape_text(card.input_shape), ". Pass the card of the model.");
  const bool classification = !card.class_names.empty();
  const std::vector<std::int64_t> classes = classification && !card.text_labels
                                                ? integers_of(card.class_names)
                                                : std::vector<std::int64_t>();
  const Columns columns = card.columns.all.empty() ? unnamed_columns(features) : card.columns;
  const Origins origins{.features = card.feature_origin, .target = card.target_origin};
  ReadOptions reading{.task = classification ? Task::classification : Task::regression,
                      .table = options.table,
                      .columns = &columns,
                      .origins = &origins,
                      .text_labels = card.text_labels,
                      .optional_labels = true,
                      .features = features,
                      .threads = options.threads};
  reading.table.missing = columns.missing;
  Samples samples = read_files(files_of_one_set(options.data), reading);
  if (samples.labels && card.text_labels) {
    map_text_labels(samples, card.class_names);
  } else if (samples.labels) {
    map_labels(samples, classes);
  }
  samples.shape = card.input_shape;
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
  result.normalisation.fill = data.columns.missing == Missing::mean;
  result.train = std::make_shared<Normalised>(sets.train, result.normalisation);
  if (sets.test != nullptr) {
    result.test = std::make_shared<Normalised>(sets.test, result.normalisation);
  }
  return result;
}

}  // namespace dga
