// SPDX-License-Identifier: Apache-2.0
//
// Predictor: predictions of a saved model.

#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "dga/data/dataset.h"
#include "dga/data/samples.h"
#include "dga/predict/saved_model.h"

namespace dga {

struct Predictions {
  std::int64_t count = 0;
  std::int64_t outputs = 0;                // classes, or 1 for regression
  std::vector<std::int64_t> classes = {};  // (count), classification: positions in class_names
  std::vector<float> scores = {};          // (count, outputs), classification: each row sums to 1
  std::vector<double> values = {};         // (count), regression, in the units of the data
};

/// Takes samples as the data has them and normalises them as in training. One thread may call it at
/// a time. How samples are divided into calls changes the last bits of scores and values at most.
class Predictor {
 public:
  /// Throws InvalidArgument without a model, or for a card whose parts do not fit each other.
  explicit Predictor(SavedModel saved);

  const ModelCard& card() const noexcept { return saved_.card; }
  /// Elements of a sample: the product of card().input_shape.
  std::int64_t num_features() const noexcept { return num_features_; }
  /// All four throw DataError, with the place or the number of the sample, where a score or a value
  /// is not finite, and InvalidArgument for a model whose output has another shape than its card
  /// says.
  ///
  /// `rows` is (count, num_features()). Throws InvalidArgument when it is not a whole number of
  /// samples.
  Predictions predict(std::span<const float> rows);
  Predictions predict(std::span<const double> rows);
  /// Predicts samples that load_samples has read for this model, and ignores their labels. Throws
  /// InvalidArgument for samples of another size.
  Predictions predict(const Samples& samples);
  /// Predicts all samples and ignores their labels. Throws InvalidArgument for samples of another
  /// size, or features other than f32.
  Predictions predict(const Dataset& dataset);

 private:
  /// Names a sample by its number, for errors.
  using Place = std::function<std::string(std::int64_t sample)>;

  /// Predicts one batch, minus the origins, which it normalises in place.
  void add(std::span<float> batch, Predictions& predictions, const Place& place);
  template <typename T>
  Predictions predict_rows(std::span<const T> rows, bool centred, const Place& place);
  Predictions none(std::int64_t count) const;

  SavedModel saved_;
  std::int64_t num_features_ = 1;
};

/// The error as in results.json: the fraction of misclassified samples, or the mean squared error.
/// `samples` are those of the predictions, with labels as positions of classes (load_samples).
/// Throws InvalidArgument when they have no labels or another count.
double mean_error(const Predictions& predictions, const Samples& samples);

}  // namespace dga
