// SPDX-License-Identifier: Apache-2.0

#include "dga/predict/predictor.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/softmax.h>
#include <torch/nn/module.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <numeric>
#include <utility>

#include "dga/base/error.h"
#include "dga/data/normalisation.h"
#include "dga/predict/evaluation.h"
#include "dga/predict/finite_predictions.h"

namespace dga {
namespace {

// Samples at once, as in the evaluation of a training.
constexpr std::int64_t kBatch = 512;

std::size_t size(std::int64_t count) {
  return static_cast<std::size_t>(count);
}

/// A card that was edited by hand may contradict itself.
void check_card(const ModelCard& card, std::int64_t num_features) {
  constexpr const char* kRemedy = " Take model.json as the run wrote it.";
  const bool regression = card.task == "regression";
  DGA_CHECK(regression || card.task == "classification",
            "[predict] Predictor: expected the task classification or regression, found '",
            card.task, "'.", kRemedy);
  for (const auto& [what, count] : {std::pair("means", std::ssize(card.feature_mean)),
                                    std::pair("scales", std::ssize(card.feature_scale))}) {
    DGA_CHECK(count == num_features, "[predict] Predictor: expected ", num_features, " feature ",
              what, ", one for each element of a sample, found ", count, ".", kRemedy);
  }
  DGA_CHECK(card.feature_origin.empty() || std::ssize(card.feature_origin) == num_features,
            "[predict] Predictor: expected ", num_features,
            " feature origins, one for each element of a sample, found ",
            card.feature_origin.size(), ".", kRemedy);
  DGA_CHECK(card.columns.all.empty() || num_inputs(card.columns) == num_features,
            "[predict] Predictor: expected columns that give ", num_features,
            " elements of a sample, found ", num_inputs(card.columns), ".", kRemedy);
  DGA_CHECK(regression || std::ssize(card.class_names) == card.outputs,
            "[predict] Predictor: expected ", card.outputs,
            " class names, one for each output, found ", card.class_names.size(), ".", kRemedy);
  DGA_CHECK(!regression || card.outputs == 1,
            "[predict] Predictor: expected 1 output of a regression, found ", card.outputs, ".",
            kRemedy);
}

constexpr std::string_view kTrainAgain = "train the model again";

std::string numbered(std::int64_t sample) {
  return str("[predict] sample ", sample);
}

}  // namespace

Predictor::Predictor(SavedModel saved) : saved_(std::move(saved)) {
  DGA_CHECK(saved_.model.module != nullptr,
            "[predict] Predictor: expected a model, found none. Pass load_model().");
  for (const std::int64_t dim : saved_.card.input_shape) {
    num_features_ *= dim;
  }
  check_card(saved_.card, num_features_);
  saved_.model.module->eval();
}

Predictions Predictor::none(std::int64_t count) const {
  Predictions predictions{.count = count, .outputs = saved_.card.outputs};
  if (saved_.card.task == "regression") {
    predictions.values.reserve(size(count));
  } else {
    predictions.classes.reserve(size(count));
    predictions.scores.reserve(size(count * saved_.card.outputs));
  }
  return predictions;
}

void Predictor::add(std::span<float> batch, Predictions& predictions, const Place& place) {
  const at::NoGradGuard no_grad;
  const ModelCard& card = saved_.card;
  const auto elements = static_cast<std::int64_t>(batch.size());
  const std::int64_t count = elements / num_features_;
  Normalisation{card.feature_mean, card.feature_scale, card.columns.missing == Missing::mean}.apply(
      batch.data(), count);
  const at::Tensor output =
      saved_.model.forward(features_tensor({batch.data(), elements}, count, card.input_shape))
          .contiguous();  // (count, outputs)
  check_output(output, count, card.outputs);
  const auto* row = output.const_data_ptr<float>();
  if (card.task == "regression") {
    const std::size_t before = predictions.values.size();
    for (std::int64_t i = 0; i < count; ++i) {
      predictions.values.push_back(static_cast<double>(row[i]) * card.target_scale +
                                   card.target_mean);
    }
    check_finite(
        std::span<const double>(predictions.values).subspan(before), 1,
        [&](std::int64_t sample) { return place(static_cast<std::int64_t>(before) + sample); },
        kTrainAgain);
    return;
  }
  const at::Tensor shares = at::softmax(output, 1).contiguous();
  const std::span<const float> scores(shares.const_data_ptr<float>(), size(count * card.outputs));
  check_finite(
      scores, card.outputs,
      [&](std::int64_t sample) { return place(std::ssize(predictions.classes) + sample); },
      kTrainAgain);
  // By the model's own scores, as in evaluation: rounding may make probabilities equal.
  for (std::int64_t i = 0; i < count; ++i) {
    predictions.classes.push_back(std::max_element(row, row + card.outputs) - row);
    row += card.outputs;
  }
  predictions.scores.insert(predictions.scores.end(), scores.begin(), scores.end());
}

template <typename T>
Predictions Predictor::predict_rows(std::span<const T> rows, bool centred, const Place& place) {
  DGA_CHECK(rows.size() % size(num_features_) == 0, "[predict] predict: expected samples of ",
            num_features_, " elements, found ", rows.size(),
            " elements in all, which is no multiple. Pass whole samples.");
  const std::vector<double>& origin = saved_.card.feature_origin;
  Predictions predictions = none(static_cast<std::int64_t>(rows.size()) / num_features_);
  std::vector<float> batch;
  while (!rows.empty()) {
    const auto part = rows.first(std::min(rows.size(), size(kBatch * num_features_)));
    batch.resize(part.size());
    std::transform(part.begin(), part.end(), batch.begin(),
                   [](T value) { return static_cast<float>(value); });
    if (!centred && !origin.empty()) {
      for (std::size_t i = 0; i < part.size(); ++i) {
        batch[i] = static_cast<float>(static_cast<double>(part[i]) - origin[i % origin.size()]);
      }
    }
    add(batch, predictions, place);
    rows = rows.subspan(part.size());
  }
  return predictions;
}

Predictions Predictor::predict(std::span<const float> rows) {
  return predict_rows(rows, false, numbered);
}

Predictions Predictor::predict(std::span<const double> rows) {
  return predict_rows(rows, false, numbered);
}

Predictions Predictor::predict(const Samples& samples) {
  std::int64_t elements = samples.count;
  for (const std::int64_t dim : samples.shape) {
    elements *= dim;
  }
  DGA_CHECK(elements == samples.count * num_features_, "[predict] predict: expected samples of ",
            num_features_, " elements, as the model was trained on, found ",
            samples.count == 0 ? 0 : elements / samples.count,
            ". Pass samples with the features of the training.");
  const auto place = [&](std::int64_t sample) { return samples.place(sample); };
  if (samples.bytes) {
    return predict_rows(std::span<const std::uint8_t>(samples.bytes.get(), size(elements)), true,
                        place);
  }
  return predict_rows(std::span<const float>(samples.features.get(), size(elements)), true, place);
}

Predictions Predictor::predict(const Dataset& dataset) {
  DGA_CHECK(dataset.num_features() == num_features_, "[predict] predict: expected samples of ",
            num_features_, " elements, as the model was trained on, found ", dataset.num_features(),
            ". Pass samples with the features of the training.");
  const std::vector<double>& origin = saved_.card.feature_origin;
  const bool same_origins = dataset.origins().features == origin;
  Predictions predictions = none(dataset.size());
  std::vector<std::int64_t> indices;
  std::vector<float> batch;
  for (std::int64_t first = 0; first < dataset.size(); first += kBatch) {
    indices.resize(size(std::min(kBatch, dataset.size() - first)));
    std::iota(indices.begin(), indices.end(), first);
    batch.resize(indices.size() * size(num_features_));
    const BufferView view(batch.data(), static_cast<std::int64_t>(batch.size()));
    if (same_origins) {
      dataset.gather_centred(indices, view, {});
    } else {
      dataset.gather(indices, view, {});
      for (std::size_t i = 0; i < batch.size() && !origin.empty(); ++i) {
        batch[i] = static_cast<float>(static_cast<double>(batch[i]) - origin[i % origin.size()]);
      }
    }
    add(batch, predictions, numbered);
  }
  return predictions;
}

double mean_error(const Predictions& predictions, const Samples& samples) {
  const bool regression = predictions.classes.empty();
  DGA_CHECK(samples.count > 0 && samples.count == predictions.count &&
                (regression ? samples.targets != nullptr : samples.labels != nullptr),
            "[predict] mean_error: expected ", predictions.count, " samples with ",
            regression ? "targets" : "classes", ", found ", samples.count, " samples",
            samples.labels || samples.targets ? "" : " without labels",
            ". Pass the samples that were predicted on.");
  double sum = 0;
  for (std::int64_t i = 0; i < samples.count; ++i) {
    if (regression) {
      const double off = predictions.values[size(i)] -
                         (static_cast<double>(samples.targets[i]) + samples.origins.target);
      sum += off * off;
    } else {
      sum += predictions.classes[size(i)] == samples.labels[i] ? 0 : 1;
    }
  }
  return sum / static_cast<double>(samples.count);
}

}  // namespace dga
