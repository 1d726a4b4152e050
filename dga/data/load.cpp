// SPDX-License-Identifier: Apache-2.0

#include "dga/data/load.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <optional>
#include <set>
#include <span>
#include <utility>

#include "dga/base/error.h"
#include "dga/base/topology.h"
#include "dga/data/as_data.h"
#include "dga/data/class_names.h"
#include "dga/data/classes.h"
#include "dga/data/equal_files.h"
#include "dga/data/formats/table/columns.h"
#include "dga/data/location.h"
#include "dga/data/read_files.h"
#include "dga/data/shape_text.h"
#include "dga/data/split.h"
#include "dga/data/stream/blocks.h"
#include "dga/data/stream/kept_normalisation.h"
#include "dga/data/stream/streamed_dataset.h"
#include "dga/data/stream/text_index.h"
#include "dga/data/subset.h"
#include "dga/storage/store_path.h"

namespace dga {
namespace {

/// The classes of the files at `paths`, if they lie in class folders.
std::vector<std::string> classes_of(const DataFiles& files, const std::vector<std::string>& paths) {
  std::vector<std::string> classes;
  for (const std::string& path : paths) {
    if (const std::string folder = class_folder_of(files, path); !folder.empty()) {
      classes.push_back(file_name(folder));
    }
  }
  return classes;
}

/// Reads the files at `paths`, one set of `files`.
Samples read_set(const DataFiles& files, const std::vector<std::string>& paths,
                 ReadOptions options) {
  const std::vector<std::string> classes = classes_of(files, paths);
  options.file_classes = classes.empty() ? nullptr : &classes;
  options.sums = &files.sums;
  return read_files(paths, options);
}

/// `names`: the classes; ignored for a regression.
std::shared_ptr<const Dataset> dataset_of(Samples samples, const std::vector<std::string>& names,
                                          const LoadOptions& options) {
  if (samples.blocks != nullptr) {
    const std::int64_t width = width_of(samples);
    const std::int64_t window = options.samples.shuffle_window > 0 ? options.samples.shuffle_window
                                                                   : default_shuffle_window(width);
    const std::int64_t blocks = blocks_of_workers(options.readers, window, width);
    return std::make_shared<StreamedDataset>(samples,
                                             samples.targets ? std::vector<std::string>() : names,
                                             static_cast<std::size_t>(blocks));
  }
  Table::Features features = samples.bytes ? Table::Features(std::move(samples.bytes))
                                           : Table::Features(std::move(samples.features));
  if (samples.targets) {
    return std::make_shared<Table>(samples.count, std::move(samples.shape), std::move(features),
                                   std::move(samples.targets), std::move(samples.origins));
  }
  return std::make_shared<Table>(samples.count, std::move(samples.shape), std::move(features),
                                 std::move(samples.labels), names, std::move(samples.origins));
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

/// The columns of a model whose card has none: the same rules for features without names, and a
/// label.
Columns unnamed_columns(std::int64_t features, const Columns& of_card) {
  Columns columns = of_card;
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

/// Labels that are the names of folders, for a model whose classes are integers in the order of
/// their values.
void map_folder_labels(Samples& samples, const std::vector<std::string>& class_names) {
  std::vector<std::string> sorted = class_names;
  std::sort(sorted.begin(), sorted.end());
  map_text_labels(samples, sorted);
  for (std::int64_t i = 0; i < samples.count; ++i) {
    const std::string& text = sorted[static_cast<std::size_t>(samples.labels[i])];
    samples.labels[i] =
        std::find(class_names.begin(), class_names.end(), text) - class_names.begin();
  }
  samples.label_texts = {};
}

/// The samples of a validation or test set, which must be like those of `train`; none for no files.
Samples read_like(const Samples& train, const DataFiles& files,
                  const std::vector<std::string>& paths, const ReadOptions& options) {
  if (paths.empty()) {
    return {};
  }
  Samples samples = read_set(files, paths, options);
  if (samples.parts.front().is_sample != train.parts.front().is_sample) {
    throw DataError(str(samples.place(0), ": expected ",
                        train.parts.front().is_sample ? "images" : "data", " as ", train.place(0),
                        ", found another kind. Take both sets from the same source."));
  }
  if (samples.shape != train.shape) {
    throw DataError(str(samples.place(0), ": expected samples of ", shape_text(train.shape),
                        " features as in ", train.place(0), ", found ", shape_text(samples.shape),
                        ". Take both sets from the same source."));
  }
  return samples;
}

/// Refuses integer labels where the training has texts, and the other way round.
void check_labels_are(bool texts, const Samples& samples) {
  if (samples.labels && texts == samples.label_texts.empty()) {
    throw DataError(str(samples.place(0), ": expected labels that are ",
                        texts ? "texts" : "integers", " as in the training data, found ",
                        texts ? "integers" : "texts",
                        ". Give them in the same form, or put the table of class names of the "
                        "training beside them."));
  }
}

/// Names the classes of arrays, if a table of names lies beside them. That of a CSV file is not
/// used, since the file may hold texts itself; it moves to the ignored files.
void name_classes(DataFiles& files, std::span<Samples* const> sets) {
  if (files.class_names.empty()) {
    return;
  }
  if (!sets.front()->columns.all.empty() || !sets.front()->labels ||
      !sets.front()->label_texts.empty()) {
    for (const std::string& path : std::exchange(files.class_names, {})) {
      files.ignored.push_back({path, "class names, which only integer labels need"});
    }
    return;
  }
  files.class_names.resize(1);
  const ClassNames classes = read_class_names(*open_file(files.class_names.front()));
  for (Samples* set : sets) {
    if (set->labels) {
      name_labels(*set, classes);
    }
  }
}

/// Files of training samples may hold a validation and a test set too, as x_train and x_test do.
/// They are used unless there are others.
void add_sets_within(DataFiles& files) {
  for (const auto& [use, set] : {std::pair(FileUse::validation, &DataFiles::validation),
                                 std::pair(FileUse::test, &DataFiles::test)}) {
    if ((files.*set).empty()) {
      files.*set = files_that_hold(use, files.train);
    }
  }
}

/// Warnings about files that equal others. Many are counted, not named.
std::vector<std::string> copies_among(const DataFiles& files, int threads) {
  std::vector<std::string> paths;
  std::set<std::string> seen;  // a file may hold several sets
  for (const auto* set : {&files.train, &files.validation, &files.test, &files.class_names}) {
    std::copy_if(set->begin(), set->end(), std::back_inserter(paths),
                 [&](const std::string& path) { return seen.insert(path).second; });
  }
  return notices_of_copies(paths, threads);
}

/// Before any image is decoded: whether there is something to tell apart.
void check_classes(const std::string& location, const std::vector<std::string>& classes) {
  if (!classes.empty() && classes.front() == classes.back()) {
    throw DataError(str(printable(location, 4096),
                        ": expected a subfolder with images for each of at least 2 classes, found "
                        "only ",
                        classes.front(), ". Add the others."));
  }
}

/// The size that images get for a model, if those of its training were resized.
std::optional<ImageSize> size_of_resized(const ModelCard& card) {
  const std::size_t dims = card.input_shape.size();
  return card.resized && dims >= 2
             ? std::optional(ImageSize{card.input_shape[dims - 2], card.input_shape[dims - 1]})
             : std::nullopt;
}

/// What the files are used as, and what there is to say about them.
DataSummary summary_of_files(const DataFiles& files, int threads) {
  DataSummary summary{.notices = files.notices};
  for (const auto& [use, paths] :
       {std::pair(FileUse::train, &files.train), std::pair(FileUse::validation, &files.validation),
        std::pair(FileUse::test, &files.test),
        std::pair(FileUse::class_names, &files.class_names)}) {
    for (const std::string& path : *paths) {
      const std::string folder = class_folder_of(files, path);
      if (folder.empty()) {
        summary.files.push_back({.path = path, .use = use});
        continue;
      }
      if (summary.files.empty() || summary.files.back().path != folder) {
        summary.files.push_back({.path = folder, .use = use});
      }
      ++summary.files.back().images;
    }
  }
  for (const IgnoredFile& file : files.ignored) {
    summary.files.push_back({.path = file.path, .use = FileUse::ignored, .reason = file.reason});
  }
  const std::vector<std::string> copies = copies_among(files, threads);
  summary.notices.insert(summary.notices.end(), copies.begin(), copies.end());
  return summary;
}

/// The next run would find the index among the data.
void refuse_index_among_data(const DataFiles& files, const std::string& index) {
  std::string folder;
  try {
    folder = StorePath(index).canonical();
  } catch (const StorageError&) {
    return;  // IndexFolder warns that nothing can be kept there
  }
  std::set<std::string> seen;
  for (const auto* set : {&files.train, &files.validation, &files.test}) {
    for (const std::string& path : *set) {
      const StorePath parent = StorePath(path).parent();
      DGA_CHECK(!seen.insert(parent.text()).second || parent.canonical() != folder,
                "[data] stream-index: expected a folder apart from the data, found ",
                printable(index, 4096), ", which has ", printable(file_name(path), 4096),
                ". Give another folder with --stream-index.");
    }
  }
}

/// Where the run keeps what it finds; null if it keeps nothing.
std::shared_ptr<TrainingIndex> index_for(const LoadOptions& options, const DataFiles& files) {
  if (!options.samples.stream || options.index.empty()) {
    return nullptr;
  }
  as_data([&] { refuse_index_among_data(files, options.index); });
  return std::make_shared<TrainingIndex>(TrainingIndex{IndexFolder(options.index), {}});
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
  if (data.train->num_classes() > 0) {
    for (const std::int64_t label : class_labels(*data.train)) {
      ++summary.classes[static_cast<std::size_t>(label)].samples;
    }
  }
  return summary;
}

LoadedData load_data(const LoadOptions& options) {
  DataFiles files = find_data_files(
      {.data = options.data, .validation = options.validation_data, .test = options.test_data});
  const std::shared_ptr<TrainingIndex> index = index_for(options, files);
  ReadOptions reading{.task = options.task,
                      .table = options.table,
                      .set = FileUse::train,
                      .in_place = options.samples.stream,
                      .index = index == nullptr ? nullptr : &index->folder,
                      .image_size = image_size_from(options.samples.resize),
                      .threads = options.threads};
  check_classes(options.data, classes_of(files, files.train));
  if (index != nullptr) {
    index->key = as_data([&] {
      return index_key(topic_of(reading), files.train, threads_or_cores(options.threads));
    });
  }
  std::vector<std::string> unknown_drops;  // to all sets so far
  reading.unknown_drops = files.validation.empty() && files.test.empty() ? nullptr : &unknown_drops;
  Samples train = read_set(files, files.train, reading);
  add_sets_within(files);
  LoadedData data{
      .columns = train.columns, .format = train.format, .source = options, .index = index};
  if (reading.image_size && !train.parts.front().is_sample) {
    throw DataError(
        str(train.parts.front().file,
            ": expected images, which alone have a size for --resize, found other data. "
            "Leave --resize out."));
  }
  if (!train.columns.all.empty()) {
    reading.columns = &data.columns;
  }
  reading.origins = &train.origins;
  reading.shape = train.shape;
  std::vector<std::string> unknown;
  const auto read_other = [&](FileUse set, const std::vector<std::string>& paths) {
    unknown.clear();
    reading.set = set;
    reading.unknown_drops = &unknown;
    Samples samples = read_like(train, files, paths, reading);
    std::erase_if(unknown_drops, [&](const std::string& name) {
      return !paths.empty() && std::find(unknown.begin(), unknown.end(), name) == unknown.end();
    });
    return samples;
  };
  Samples validation = read_other(FileUse::validation, files.validation);
  Samples test = read_other(FileUse::test, files.test);
  refuse_unknown_drops(unknown_drops, train);
  name_classes(files, std::array{&train, &validation, &test});
  data.columns.text_labels = !train.label_texts.empty();
  std::vector<std::string> names = train.label_texts;
  if (train.labels) {
    const auto classes = distinct_labels(train);
    if (classes.size() < 2) {
      throw DataError(
          str(printable(options.data, 4096), ": expected labels of at least 2 classes, found only ",
              data.columns.text_labels ? printable(names.front()) : std::to_string(classes.front()),
              " in all ", train.count,
              " samples. Choose the label column with --label, or use --task regression."));
    }
    check_labels_are(data.columns.text_labels, validation);
    check_labels_are(data.columns.text_labels, test);
    if (data.columns.text_labels) {
      map_text_labels(validation, names);
      map_text_labels(test, names);
    } else {
      for (Samples* set : {&train, &validation, &test}) {
        map_labels(*set, classes);
      }
      for (const std::int64_t label : classes) {
        names.push_back(std::to_string(label));
      }
    }
  }
  data.summary = summary_of_files(files, threads_or_cores(options.threads));
  data.summary.label = train.label;
  for (const Samples* set : {&train, &validation, &test}) {
    const auto notices = notices_of(*set);
    data.summary.notices.insert(data.summary.notices.end(), notices.begin(), notices.end());
  }
  data.validation =
      validation.count > 0 ? dataset_of(std::move(validation), names, options) : nullptr;
  data.test = test.count > 0 ? dataset_of(std::move(test), names, options) : nullptr;
  data.train = dataset_of(std::move(train), names, options);
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
  const std::vector<std::int64_t> classes = classification && !card.columns.text_labels
                                                ? integers_of(card.class_names)
                                                : std::vector<std::int64_t>();
  const Columns columns =
      card.columns.all.empty() ? unnamed_columns(features, card.columns) : card.columns;
  const Origins origins{.features = card.feature_origin, .target = card.target_origin};
  ReadOptions reading{.task = classification ? Task::classification : Task::regression,
                      .table = options.table,
                      .columns = &columns,
                      .origins = &origins,
                      .optional_labels = true,
                      .features = features,
                      .shape = card.input_shape,
                      .image_size = size_of_resized(card),
                      .threads = options.threads};
  reading.table.missing = columns.missing;
  DataFiles files = find_one_set(options.data);
  Samples samples = read_set(files, files.train, reading);
  if (card.columns.text_labels) {
    name_classes(files, std::array{&samples});
  }
  const bool folders = !files.class_folders.empty();  // their names may be integers
  if (!folders) {
    check_labels_are(card.columns.text_labels, samples);
  }
  if (samples.labels && card.columns.text_labels) {
    map_text_labels(samples, card.class_names);
  } else if (samples.labels && folders) {
    map_folder_labels(samples, card.class_names);
  } else if (samples.labels) {
    map_labels(samples, classes);
  }
  samples.shape = card.input_shape;
  samples.notices = notices_of(samples);
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
  result.normalisation = find_or_measure_normalisation(data.index.get(), *sets.train,
                                                       data.columns.missing, test_fraction, seed);
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
