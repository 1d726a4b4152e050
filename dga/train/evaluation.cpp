// SPDX-License-Identifier: Apache-2.0

#include "dga/train/evaluation.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

#include <algorithm>
#include <vector>

namespace dga {
namespace {

// Samples at once: large beside the cost of a call, small beside a worker's memory.
constexpr std::int64_t kChunk = 512;

std::int64_t best_class(const float* scores, std::int64_t classes) noexcept {
  return std::max_element(scores, scores + classes) - scores;
}

double count_wrong(const at::Tensor& scores, const std::vector<std::int64_t>& labels) {
  const at::Tensor rows = scores.contiguous();
  const auto* row = rows.const_data_ptr<float>();
  const std::int64_t classes = rows.size(1);
  std::int64_t wrong = 0;
  for (const std::int64_t label : labels) {
    wrong += best_class(row, classes) == label ? 0 : 1;
    row += classes;
  }
  return static_cast<double>(wrong);
}

double squared_errors(const at::Tensor& predictions, const std::vector<float>& targets) {
  const at::Tensor rows = predictions.contiguous();
  const auto* predicted = rows.const_data_ptr<float>();
  double sum = 0;
  for (const float target : targets) {
    const double off = static_cast<double>(*predicted++) - static_cast<double>(target);
    sum += off * off;
  }
  return sum;
}

}  // namespace

at::Tensor features_tensor(BufferView features, std::int64_t size,
                           const std::vector<std::int64_t>& sample_shape) {
  std::vector<std::int64_t> shape{size};
  shape.insert(shape.end(), sample_shape.begin(), sample_shape.end());
  return at::from_blob(features.data, shape, at::TensorOptions(at::kFloat));
}

void normalise_targets(const ModelCard& card, BufferView targets) noexcept {
  auto* values = static_cast<float*>(targets.data);
  for (std::int64_t i = 0; i < targets.count; ++i) {
    values[i] =
        static_cast<float>((static_cast<double>(values[i]) - card.target_mean) / card.target_scale);
  }
}

double sum_of_errors(Model& model, const ModelCard& card, const Dataset& dataset,
                     std::span<const std::int64_t> indices) {
  const at::NoGradGuard no_grad;
  const bool classes = dataset.label_type() == DType::i64;
  const std::int64_t width = dataset.num_features();
  const auto samples = static_cast<std::int64_t>(indices.size());
  const at::Tensor memory =
      at::empty({std::min(samples, kChunk), width}, at::TensorOptions(at::kFloat));
  std::vector<std::int64_t> labels;
  std::vector<float> targets;
  double sum = 0;
  for (std::int64_t first = 0; first < samples; first += kChunk) {
    const std::int64_t count = std::min(kChunk, samples - first);
    const auto chunk =
        indices.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(count));
    const BufferView features(memory.mutable_data_ptr<float>(), count * width);
    if (classes) {
      labels.resize(chunk.size());
      dataset.gather(chunk, features, BufferView(labels.data(), count));
    } else {
      targets.resize(chunk.size());
      const BufferView view(targets.data(), count);
      dataset.gather(chunk, features, view);
      normalise_targets(card, view);
    }
    const at::Tensor answer = model.forward(features_tensor(features, count, card.input_shape));
    sum += classes ? count_wrong(answer, labels) : squared_errors(answer, targets);
  }
  return sum;
}

}  // namespace dga
