// SPDX-License-Identifier: Apache-2.0

#include "dga/parallel/bound_parameters.h"

#include <ATen/ops/empty.h>
#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/variable.h>

#include <cstring>
#include <utility>

#include "dga/base/error.h"

namespace dga {
namespace {

namespace autograd = torch::autograd::impl;

/// Copies `from` to `to`, which has the same shape. Calls no torch operator if strides and types
/// are the same.
void copy_tensor(const at::Tensor& to, const at::Tensor& from) {
  if (to.nbytes() == 0) {
    return;  // may have no memory at all
  }
  if (from.scalar_type() == to.scalar_type() && from.strides() == to.strides()) {
    std::memcpy(to.mutable_data_ptr(), from.const_data_ptr(), to.nbytes());
    return;
  }
  const at::NoGradGuard no_grad;
  to.copy_(from);
}

}  // namespace

class BoundParameters::Hook final : public torch::autograd::PostAccumulateGradHook {
 public:
  Hook(const BoundParameters& owner, std::size_t number) : owner_(owner), number_(number) {}
  void operator()(const at::Tensor&) override { owner_.arrived_(number_); }

 private:
  const BoundParameters& owner_;
  std::size_t number_;
};

BoundParameters::BoundParameters(const std::vector<NamedTensor>& trained,
                                 const ParameterLayout& layout, const FlatBuffers& buffers,
                                 bool give_values) {
  const at::NoGradGuard no_grad;
  for (std::size_t i = 0; i < trained.size(); ++i) {
    const at::Tensor& parameter = trained[i].tensor;
    const std::int64_t at = layout.first_byte(static_cast<int>(i));
    // A parameter with gaps or overlaps gets contiguous strides.
    const at::Tensor like = parameter.is_non_overlapping_and_dense()
                                ? parameter.detach()
                                : at::empty(parameter.sizes(), parameter.options());
    const at::Tensor view = view_like(buffers.parameter_memory, buffers.parameters + at, like);
    if (give_values) {
      copy_tensor(view, parameter);
    }
    slots_.push_back({trained[i].name, parameter,
                      view_like(buffers.gradient_memory, buffers.gradients + at, like)});
    slots_.back().parameter.set_data(view);
  }
}

BoundParameters::~BoundParameters() {
  if (!watching_) {
    return;
  }
  for (const Slot& slot : slots_) {
    autograd::set_post_acc_grad_hooks(slot.parameter, nullptr);
  }
  drop_gradients();
}

void BoundParameters::watch(std::function<void(std::size_t)> arrived) {
  for (const Slot& slot : slots_) {
    DGA_CHECK(autograd::post_acc_grad_hooks(slot.parameter) == nullptr, "[parallel] parameter '",
              slot.name,
              "': expected no other post-accumulate hook, found one. A module can be in one "
              "accumulator at a time.");
  }
  arrived_ = std::move(arrived);
  watching_ = true;
  drop_gradients();
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    autograd::set_post_acc_grad_hooks(slots_[i].parameter, std::make_unique<Hook>(*this, i));
  }
}

void BoundParameters::take_gradient(std::size_t number) {
  const Slot& slot = slots_[number];
  at::Tensor& gradient = slot.parameter.mutable_grad();
  // The first gradient of a step is a tensor that autograd made; later ones were added in place.
  if (gradient.is_same(slot.gradient)) {
    return;
  }
  DGA_CHECK(gradient.layout() == at::kStrided, "[parallel] gradient of '", slot.name,
            "': expected a dense tensor, found ", gradient.layout(),
            ". Build the embedding without sparse gradients.");
  copy_tensor(slot.gradient, gradient);
  gradient = slot.gradient;
}

void BoundParameters::clear_gradient(std::size_t number) const {
  const at::Tensor& gradient = slots_[number].gradient;
  if (gradient.nbytes() > 0) {
    std::memset(gradient.mutable_data_ptr(), 0, gradient.nbytes());
  }
}

void BoundParameters::drop_gradients() const {
  for (const Slot& slot : slots_) {
    slot.parameter.mutable_grad().reset();
  }
}

}  // namespace dga
