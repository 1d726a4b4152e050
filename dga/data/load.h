// SPDX-License-Identifier: Apache-2.0
//
// Load: reads datasets from files, splits off held-out samples and normalises.

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "dga/data/data_summary.h"
#include "dga/data/normalisation.h"
#include "dga/data/sample_options.h"
#include "dga/data/samples.h"
#include "dga/data/table.h"
#include "dga/storage/model_card.h"

namespace dga {

struct TrainingIndex;  // stream/kept_normalisation.h

struct LoadOptions {
  /// A folder, a file or a file:// URI; see location.h.
  std::string data = {};
  /// The location of the test set. Empty: the test files of `data`, if there are any.
  std::string test_data = {};
  /// The location of the validation set. Empty: the validation files of `data`, if there are any.
  std::string validation_data = {};
  Task task = Task::automatic;
  TableOptions table = {};
  /// Streaming throws DataError for files that are packed, and for formats that have no place for
  /// each sample.
  SampleOptions samples = {};
  /// Number of threads for parsing. 0: one per usable core.
  int threads = 0;
  /// Of streamed data: workers that share the datasets. plan_tasks takes care of those of a run.
  int readers = 1;
  /// Of streamed data: the folder that keeps what is found in the files; see IndexFolder. Empty:
  /// nothing is kept.
  std::string index = {};
};

struct LoadedData {
  std::shared_ptr<const Dataset> train = {};  // a Table, or a StreamedDataset
  std::shared_ptr<const Dataset> test = {};   // null: the data has no test set
  /// Decides when to stop early and which epoch is the best; never trained on. Null: the data has
  /// no validation set.
  std::shared_ptr<const Dataset> validation = {};
  Columns columns = {};     // of the training files; without any if they are no tables
  std::string format = {};  // of the training files, for people: "CSV", "NPY, f32"; empty: arrays
  LoadOptions source = {};  // as load_data got them; without `data` for arrays
  /// Where more is kept that is found in the training files. Null: nowhere.
  std::shared_ptr<const TrainingIndex> index = {};
  /// The files, the label column and the notices. summary_of adds the rest.
  DataSummary summary = {};
};

/// The summary of `data`, with the number of features and the sizes of the classes. Throws
/// InvalidArgument if `data.train` is null.
DataSummary summary_of(const LoadedData& data);

/// Reads a dataset into memory, or its labels if it is streamed. The format is recognised by
/// content; see format.h. For classification the labels, which may be any integers or texts, are
/// replaced by class indices 0, 1, … in ascending order, and the class names are the labels as
/// text. Missing values that Missing::mean allows are NaN until they are normalised. Throws
/// DataError if anything cannot be read, if there are fewer than two classes, or if the validation
/// or test set has a label that the training set lacks; the text begins with the file and, if there
/// is one, the line. Files with equal contents are among the notices. Not collective. Starts
/// threads and joins them before it returns.
LoadedData load_data(const LoadOptions& options);

struct SamplesOptions {
  /// As in LoadOptions. All files of a folder form one set, whatever their names.
  std::string data = {};
  /// The model's card (SavedModel::card). Its input shape, columns, classes and origins (the
  /// offsets that are subtracted from the values; see origins.h) are used. A card without class
  /// names: regression.
  ModelCard card = {};
  /// Only header, decimal and drop are used and, if the label column has another name than in
  /// training, label. The card decides the rest.
  TableOptions table = {};
  int threads = 0;
};

/// Reads samples for a trained model. CSV columns are matched with those of the training by name,
/// where both have names. Labels are optional: CSV files may lack the label column, and IDX samples
/// the file of labels. The labels that are returned are positions in the card's class names. Throws
/// DataError as load_data does, and for a label that is not a class of the model or samples of
/// another size. Images get the size of the card's if those of the training were resized. Throws
/// InvalidArgument for a card without input shape or with classes that do not
/// ascend.
Samples load_samples(const SamplesOptions& options);

struct HeldOut {
  std::shared_ptr<const Dataset> train = {};
  std::shared_ptr<const Dataset> test = {};        // null: no samples are held out
  std::shared_ptr<const Dataset> validation = {};  // null: the data has no validation set
};

/// Holds out the data's test set or, if it has none, `test_fraction` of the training samples, drawn
/// by `seed`; see split.h. The validation set stays what it is. Throws InvalidArgument if
/// `data.train` is null or the fraction is not in [0, 1).
HeldOut hold_out(const LoadedData& data, double test_fraction, std::uint64_t seed);

/// Training, validation and held-out samples, all normalised.
struct PreparedData {
  std::shared_ptr<const Dataset> train;
  std::shared_ptr<const Dataset> test;        // null: no samples are held out
  std::shared_ptr<const Dataset> validation;  // null: the data has no validation set
  Normalisation normalisation;                // measured on the training samples
};

/// Calls hold_out, measures the normalisation on the training samples and applies it to all sets.
/// Throws as hold_out and measure_normalisation do.
PreparedData split_and_normalise(const LoadedData& data, double test_fraction, std::uint64_t seed);

}  // namespace dga
