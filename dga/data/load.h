// SPDX-License-Identifier: Apache-2.0
//
// Load: from a path to samples in memory, ready to train on.

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "dga/data/normalisation.h"
#include "dga/data/samples.h"
#include "dga/data/table.h"

namespace dga {

struct LoadOptions {
  /// A folder, a file or a file:// URI; see location.h.
  std::string data = {};
  /// The same for the test set; empty: the data's own test files, if it has any.
  std::string test_data = {};
  Task task = Task::automatic;
  /// CSV's label column; see csv.h.
  std::string label = {};
  /// 0: one a core.
  int threads = 0;
};

struct LoadedData {
  std::shared_ptr<const Table> train;  // all samples, when there is no test set
  std::shared_ptr<const Table> test;   // null: hold some of `train` out
};

/// Reads a dataset. Formats are recognised by content (format.h). Labels, any integers, become
/// classes 0, 1, … in ascending order, class names being the labels as text; every label of the
/// test set must occur in the training set. All or nothing: throws DataError, one line that begins
/// with the place. Starts threads, and has joined them when it returns.
LoadedData load_data(const LoadOptions& options);

struct SamplesOptions {
  /// As in LoadOptions; all files of a folder are one set, whatever they are called.
  std::string data = {};
  /// Of one sample of the training.
  std::vector<std::int64_t> shape = {};
  /// The labels of the training, ascending; empty: regression.
  std::vector<std::int64_t> classes = {};
  std::string label = {};
  int threads = 0;
};

/// Reads samples for a model that is trained already, with labels or without: CSV has none when it
/// has as many columns as a sample has features, IDX when there is no file of labels. The answer's
/// labels are positions in `classes`. All or nothing: throws DataError, as load_data, also for a
/// label that is not among `classes` and for samples of another size. Throws InvalidArgument for
/// `classes` that do not ascend.
Samples load_samples(const SamplesOptions& options);

struct HeldOut {
  std::shared_ptr<const Dataset> train = {};
  std::shared_ptr<const Dataset> test = {};  // null when nothing is held out
};

/// The data's own test set, or else `test_fraction` of the samples, drawn by `seed` (split.h).
/// Throws InvalidArgument without training samples.
HeldOut hold_out(const LoadedData& data, double test_fraction, std::uint64_t seed);

/// Training and held-out samples as workers see them.
struct PreparedData {
  std::shared_ptr<const Dataset> train;
  std::shared_ptr<const Dataset> test;  // null when nothing is held out
  Normalisation normalisation;          // measured on `train`, applied to both
};

/// hold_out, then the normalisation of both sets.
PreparedData split_and_normalise(const LoadedData& data, double test_fraction, std::uint64_t seed);

}  // namespace dga
