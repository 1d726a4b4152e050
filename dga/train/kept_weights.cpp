// SPDX-License-Identifier: Apache-2.0

#include "dga/train/kept_weights.h"

#include <ATen/core/grad_mode.h>

#include "dga/parallel/module_tensors.h"

namespace dga {
namespace {

std::vector<at::Tensor> tensors_of(const torch::nn::Module& module) {
  const ModuleTensors tensors(module);
  std::vector<at::Tensor> all;
  for (const auto* list : {&tensors.trained, &tensors.frozen, &tensors.buffers}) {
    for (const NamedTensor& entry : *list) {
      all.push_back(entry.tensor);
    }
  }
  return all;
}

}  // namespace

void KeptWeights::keep(const torch::nn::Module& module) {
  const at::NoGradGuard no_grad;
  const std::vector<at::Tensor> now = tensors_of(module);
  tensors_.resize(now.size());
  for (std::size_t i = 0; i < now.size(); ++i) {
    if (tensors_[i].defined()) {
      tensors_[i].copy_(now[i]);
    } else {
      tensors_[i] = now[i].detach().clone();
    }
  }
}

void KeptWeights::restore(const torch::nn::Module& module) const {
  const at::NoGradGuard no_grad;
  const std::vector<at::Tensor> now = tensors_of(module);
  for (std::size_t i = 0; i < tensors_.size(); ++i) {
    now[i].copy_(tensors_[i]);
  }
}

}  // namespace dga
