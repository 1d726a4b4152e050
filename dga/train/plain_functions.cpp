// SPDX-License-Identifier: Apache-2.0

#include "dga/train/plain_functions.h"

#include <ATen/ops/empty_like.h>
#include <ATen/ops/scalar_tensor.h>
#include <torch/csrc/autograd/custom_function.h>

#include <utility>

namespace dga {
namespace {

/// A scalar with a given derivative by `output`.
struct GivenGradient : torch::autograd::Function<GivenGradient> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& output,
                            const at::Tensor& gradient, double value) {
    context->save_for_backward({gradient});
    return at::scalar_tensor(value, output.options());
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& outer) {
    return {context->get_saved_variables()[0].mul(outer[0]), at::Tensor(), at::Tensor()};
  }
};

/// `rows` must outlive the batch.
PlainBatch batch_of(const at::Tensor& rows, const at::Tensor& target) {
  PlainBatch batch{
      .samples = rows.size(0), .outputs = rows.size(1), .output = rows.const_data_ptr<float>()};
  if (target.scalar_type() == at::kLong) {
    batch.classes = target.const_data_ptr<std::int64_t>();
  } else {
    batch.targets = target.const_data_ptr<float>();
  }
  return batch;
}

}  // namespace

LossFunction loss_of(PlainLoss loss) {
  return [loss = std::move(loss)](const at::Tensor& output, const at::Tensor& target) {
    const at::Tensor rows = output.detach().to(at::kFloat).contiguous();
    const at::Tensor gradient = at::empty_like(rows);
    const double value = loss(batch_of(rows, target), gradient.mutable_data_ptr<float>());
    return GivenGradient::apply(output, gradient, value);
  };
}

MetricFunction metric_of(PlainMetric metric) {
  return [metric = std::move(metric)](const at::Tensor& output, const at::Tensor& target) {
    const at::Tensor rows = output.to(at::kFloat).contiguous();
    return metric(batch_of(rows, target));
  };
}

}  // namespace dga
