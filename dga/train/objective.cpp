// SPDX-License-Identifier: Apache-2.0

#include "dga/train/objective.h"

#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/mse_loss.h>

#include <algorithm>

namespace dga {

Objective::Objective(const TrainPlan& plan, const TrainExtras& extras)
    : plan_(plan), extras_(extras) {
  if (!plan.class_weights.empty()) {
    class_weights_ = at::empty({static_cast<std::int64_t>(plan.class_weights.size())},
                               at::TensorOptions(at::kFloat));
    std::transform(plan.class_weights.begin(), plan.class_weights.end(),
                   class_weights_.mutable_data_ptr<float>(),
                   [](double weight) { return static_cast<float>(weight); });
  }
}

at::Tensor Objective::loss(const at::Tensor& outputs, const SampleBatch& batch) const {
  if (plan_.options.data.task == Task::classification) {
    const at::Tensor labels =
        at::from_blob(batch.labels.data, {batch.size}, at::TensorOptions(at::kLong));
    if (extras_.loss) {
      return extras_.loss(outputs, labels);
    }
    return class_weights_.defined()
               ? at::cross_entropy_loss(outputs, labels, class_weights_, at::Reduction::Sum)
                     .div(static_cast<double>(batch.size))
               : at::cross_entropy_loss(outputs, labels);
  }
  const at::Tensor targets =
      at::from_blob(batch.labels.data, {batch.size, 1}, at::TensorOptions(at::kFloat));
  return extras_.loss ? extras_.loss(outputs, targets) : at::mse_loss(outputs, targets);
}

double Objective::unit() const noexcept {
  return extras_.loss ? 1 : plan_.card.target_scale * plan_.card.target_scale;
}

}  // namespace dga
