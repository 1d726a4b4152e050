// SPDX-License-Identifier: Apache-2.0

#include "dga/predict/evaluation.h"

#include <ATen/ops/amax.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <torch/nn/module.h>

#include <algorithm>
#include <memory>
#include <numeric>
#include <utility>
#include <vector>

#include "dga/base/error.h"
#include "dga/data/shards.h"
#include "dga/predict/finite_predictions.h"

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

void check_output(const at::Tensor& output, std::int64_t samples, std::int64_t outputs) {
  DGA_CHECK(
      output.dim() == 2 && output.size(0) == samples && output.size(1) == outputs &&
          output.scalar_type() == at::kFloat,
      "[predict] model: expected an output of shape [", samples, ", ", outputs,
      "] in Float, found ", output.sizes(), " in ", output.scalar_type(),
      ". Let forward return one row a sample, with one number a class, or one for regression.");
}

at::Tensor features_tensor(BufferView features, std::int64_t size,
                           const std::vector<std::int64_t>& sample_shape) {
  std::vector<std::int64_t> shape{size};
  shape.insert(shape.end(), sample_shape.begin(), sample_shape.end());
  return at::from_blob(features.data, shape, at::TensorOptions(at::kFloat));
}

ErrorSums sum_of_errors(const Model& model, const ModelCard& card, const Dataset& dataset,
                        std::span<const std::int64_t> indices, std::span<const Metric> metrics,
                        std::string_view set) {
  const at::NoGradGuard no_grad;
  const bool classes = dataset.label_type() == DType::i64;
  const std::int64_t width = dataset.num_features();
  const auto samples = static_cast<std::int64_t>(indices.size());
  const at::Tensor memory =
      at::empty({std::min(samples, kChunk), width}, at::TensorOptions(at::kFloat));
  std::vector<std::int64_t> labels;
  std::vector<float> targets;
  ErrorSums sums{.metrics = std::vector<double>(metrics.size(), 0)};
  for (std::int64_t first = 0; first < samples; first += kChunk) {
    const std::int64_t count = std::min(kChunk, samples - first);
    const auto chunk =
        indices.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(count));
    const BufferView features(memory.mutable_data_ptr<float>(), count * width);
    at::Tensor truth;  // as metrics see it
    if (classes) {
      labels.resize(chunk.size());
      dataset.gather(chunk, features, BufferView(labels.data(), count));
      truth = at::from_blob(labels.data(), {count}, at::TensorOptions(at::kLong));
    } else {
      targets.resize(chunk.size());
      const BufferView view(targets.data(), count);
      dataset.gather(chunk, features, view);
      if (!metrics.empty()) {
        truth = at::from_blob(targets.data(), {count, 1}, at::TensorOptions(at::kFloat))
                    .mul(card.target_scale)
                    .add(card.target_mean);
      }
    }
    at::Tensor output = model.forward(features_tensor(features, count, card.input_shape));
    check_output(output, count, card.outputs);
    // Of several scores the largest, which is NaN if one of them is.
    const at::Tensor best = output.amax(1).contiguous();
    const auto place = [&](std::int64_t i) {
      return str("[predict] sample ", chunk[static_cast<std::size_t>(i)], " of the ", set,
                 " samples");
    };
    check_finite(std::span(best.const_data_ptr<float>(), chunk.size()), 1, place,
                 "lower the learning rate");
    sums.errors += classes ? count_wrong(output, labels) : squared_errors(output, targets);
    if (!classes && !metrics.empty()) {
      output = output.mul(card.target_scale).add(card.target_mean);
    }
    for (std::size_t i = 0; i < metrics.size(); ++i) {
      sums.metrics[i] += metrics[i].function(output, truth) * static_cast<double>(count);
    }
  }
  return sums;
}

double mean_error(const Environment& env, const Model& model, const Dataset& dataset) {
  DGA_CHECK(model.module != nullptr, "[predict] mean_error: expected a model, found null.");
  DGA_CHECK(env.blocks().one_each(),
            "[predict] mean_error: expected a carrier for each worker, found carriers of several. "
            "Use launch instead of launch_carriers.");
  DGA_CHECK(dataset.size() > 0,
            "[predict] mean_error: expected samples, found none. Pass the held-out samples.");
  const Communicator& workers = env.group(Axis::data);
  const auto [first, last] = contiguous_share(dataset.size(), workers.size(), workers.rank());
  std::vector<std::int64_t> share(static_cast<std::size_t>(last - first));
  std::iota(share.begin(), share.end(), first);
  const bool classes = dataset.label_type() == DType::i64;
  const ModelCard card{.input_shape = dataset.sample_shape(),
                       .outputs = classes ? dataset.num_classes() : 1};
  std::vector<std::pair<std::shared_ptr<torch::nn::Module>, bool>> modes;  // outer modules first
  for (const auto& module : model.module->modules()) {
    modes.emplace_back(module, module->is_training());
  }
  const auto restore = [&] {
    for (const auto& [module, training] : modes) {
      module->train(training);
    }
  };
  model.module->eval();
  double errors = 0;
  try {
    errors = sum_of_errors(model, card, dataset, share, {}, "evaluated").errors;
  } catch (...) {
    restore();
    throw;
  }
  restore();
  workers.all_reduce({&errors, 1}, ReduceOp::sum, "errors");
  return errors / static_cast<double>(dataset.size());
}

}  // namespace dga
