// SPDX-License-Identifier: Apache-2.0

#include "dga/train/kept_weights.h"

#include <ATen/core/grad_mode.h>

#include "dga/parallel/module_tensors.h"

namespace dga {
void KeptWeights::keep(const torch::nn::Module& module) {
  const at::NoGradGuard no_grad;
  const std::vector<NamedTensor> now = all_tensors_of(module);
  tensors_.resize(now.size());
  for (std::size_t i = 0; i < now.size(); ++i) {
    if (tensors_[i].defined() && tensors_[i].storage().use_count() == 1) {  // no other reads it
      tensors_[i].copy_(now[i].tensor);
    } else {
      tensors_[i] = now[i].tensor.detach().clone();
    }
  }
}

void KeptWeights::restore(const torch::nn::Module& module) const {
  const std::vector<NamedTensor> now = all_tensors_of(module);
  for (std::size_t i = 0; i < tensors_.size(); ++i) {
    now[i].tensor.set_data(tensors_[i]);
    for (const at::Tensor& tied : now[i].tied) {
      tied.set_data(tensors_[i]);
    }
  }
}

}  // namespace dga
