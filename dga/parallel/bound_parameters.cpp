// SPDX-License-Identifier: Apache-2.0

#include "dga/parallel/bound_parameters.h"

#include <ATen/ops/empty.h>
#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/variable.h>

#include <algorithm>
#include <cstring>
#include <numeric>
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
  const bool plain = from.scalar_type() == to.scalar_type() && from.strides() == to.strides() &&
                     !from.is_neg() && !from.is_conj();
  if (plain) {
    std::memcpy(to.mutable_data_ptr(), from.const_data_ptr(), to.nbytes());
    return;
  }
  const at::NoGradGuard no_grad;
  to.copy_(from);
}

// These are called some thirty times in a step of a small model, where torch's own calls, which go
// through tables of hooks, would cost a percent of it.
std::int64_t version_of(const at::Tensor& tensor) {
  return tensor.unsafeGetTensorImpl()->version_counter().current_version();
}

const at::Tensor& gradient_of(const at::Tensor& tensor) {
  return tensor.unsafeGetTensorImpl()->grad();
}

const void* storage_of(const at::Tensor& tensor) {
  return tensor.unsafeGetTensorImpl()->unsafe_storage().unsafeGetStorageImpl();
}

std::span<const std::byte> bytes_of(const at::Tensor& dense) {
  return {static_cast<const std::byte*>(dense.const_data_ptr()), dense.nbytes()};
}

/// The gradient of a parameter without what this worker's slice of the bucket covers, if that is
/// reduced meanwhile.
std::array<std::span<const std::byte>, 2> stable_parts(const ParameterLayout& layout, int number,
                                                       const std::byte* gradients,
                                                       const BoundParameters::Options& options) {
  const PlacedParameter& placed = layout.parameters()[static_cast<std::size_t>(number)];
  const std::int64_t size = size_of(placed.spec.type);
  const std::byte* first = gradients + layout.first_byte(number);
  const auto part = [&](std::int64_t from, std::int64_t to) -> std::span<const std::byte> {
    return {first + from * size,
            static_cast<std::size_t>(std::max<std::int64_t>(to - from, 0) * size)};
  };
  const std::int64_t count = placed.elements.count;
  if (!options.reduced_meanwhile) {
    return {part(0, count), {}};
  }
  const Slice mine = layout.slice(placed.bucket, options.worker);
  const auto inside = [&](std::int64_t element) {
    return std::clamp<std::int64_t>(element - placed.elements.first, 0, count);
  };
  return {part(0, inside(mine.first)), part(inside(mine.first + mine.count), count)};
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

BoundParameters::BoundParameters(const ModuleTensors& tensors, const ParameterLayout& layout,
                                 const FlatBuffers& buffers, RowGradients& rows,
                                 const Options& options)
    : tensors_(tensors), rows_(rows), fingerprints_(options.fingerprints) {
  const std::vector<NamedTensor>& trained = tensors.trained;
  const at::NoGradGuard no_grad;
  for (std::size_t i = 0; i < trained.size(); ++i) {
    const at::Tensor& parameter = trained[i].tensor;
    const std::int64_t at = layout.first_byte(static_cast<int>(i));
    // A parameter with gaps or overlaps gets contiguous strides.
    const at::Tensor like = parameter.is_non_overlapping_and_dense()
                                ? parameter.detach()
                                : at::empty(parameter.sizes(), parameter.options());
    Slot slot;
    slot.name = trained[i].name;
    slot.by_rows = layout.by_rows(static_cast<int>(i));
    slot.tensors = {parameter};
    slot.tensors.insert(slot.tensors.end(), trained[i].tied.begin(), trained[i].tied.end());
    slot.gradient_place = view_like(buffers.gradient_memory, buffers.gradients + at, like);
    slot.gradient = slot.gradient_place.variable_data();
    slot.view = view_like(buffers.parameter_memory, buffers.parameters + at, like);
    if (options.give_values) {
      copy_tensor(slot.view, parameter);
    }
    for (at::Tensor& tensor : slot.tensors) {
      tensor.set_data(slot.view);
    }
    slot.stable = stable_parts(layout, static_cast<int>(i), buffers.gradients, options);
    slots_.push_back(std::move(slot));
  }
}

BoundParameters::~BoundParameters() {
  if (!watching_) {
    return;
  }
  for (const Slot& slot : slots_) {
    for (const at::Tensor& tensor : slot.tensors) {
      autograd::set_post_acc_grad_hooks(tensor, nullptr);
    }
  }
  drop_gradients();
}

void BoundParameters::watch(std::function<void(std::size_t)> arrived) {
  arrived_ = std::move(arrived);
  watching_ = true;
  drop_gradients();
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    for (const at::Tensor& tensor : slots_[i].tensors) {
      autograd::set_post_acc_grad_hooks(tensor, std::make_unique<Hook>(*this, i));
    }
  }
}

void BoundParameters::take_gradient(std::size_t number) {
  Slot& slot = slots_[number];
  at::Tensor& own = slot.parameter().mutable_grad();
  for (const at::Tensor& tensor : slot.tensors) {
    at::Tensor gradient = gradient_of(tensor);
    // The first gradient of a step is a tensor that autograd made; later ones were added in place.
    if (!gradient.defined() || gradient.is_same(slot.gradient)) {
      continue;
    }
    if (gradient.layout() != at::kStrided && !slot.by_rows) {
      gradient = gradient.to_dense();
    }
    if (!is_in_place(slot)) {  // since an earlier step, by a program that kept it
      slot.gradient = slot.gradient_place.variable_data();
    }
    if (slot.by_rows) {
      take_rows(number, gradient);
    } else if (own.is_same(slot.gradient)) {  // of a tensor that is tied to the parameter
      const at::NoGradGuard no_grad;
      slot.gradient.add_(gradient);
    } else {
      copy_tensor(slot.gradient, gradient);
    }
    tensor.mutable_grad().reset();
    if (!slot.by_rows) {
      own = slot.gradient;
    }
  }
  slot.gradient_version = version_of(slot.gradient);
  slot.gradient_print = print_of_gradient(slot);
}

void BoundParameters::take_rows(std::size_t number, const at::Tensor& gradient) {
  const auto parameter = static_cast<int>(number);
  if (gradient.is_sparse() && gradient.sparse_dim() == 1) {
    const at::Tensor rows = gradient._indices().contiguous();
    rows_.touch(parameter,
                {rows.const_data_ptr<std::int64_t>(), static_cast<std::size_t>(rows.numel())});
  } else {  // also used by an operation with a dense gradient
    rows_.touch_all(parameter);
  }
  const at::NoGradGuard no_grad;
  slots_[number].gradient.add_(gradient);
}

void BoundParameters::take_rows_away() const {
  for (const Slot& slot : slots_) {
    if (slot.by_rows) {
      slot.parameter().mutable_grad().reset();
    }
  }
}

void BoundParameters::give_rows_back(const std::vector<std::uint8_t>& used) const {
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    if (slots_[i].by_rows && used[i] != 0) {
      slots_[i].parameter().mutable_grad() = slots_[i].gradient;
    }
  }
}

std::uint64_t BoundParameters::print_of_gradient(const Slot& slot) const noexcept {
  if (slot.by_rows && fingerprints_ == Fingerprints::sampled) {
    return fingerprint(rows_.some_touched(static_cast<int>(&slot - slots_.data())), fingerprints_);
  }
  std::uint64_t print = fingerprint(slot.stable[0], fingerprints_);
  if (!slot.stable[1].empty()) {
    print ^= fingerprint(slot.stable[1], fingerprints_) << 1U;
  }
  return print;
}

std::uint64_t BoundParameters::print_of_values(const Slot& slot) const noexcept {
  return fingerprint(bytes_of(slot.view), fingerprints_);
}

bool BoundParameters::has_gradient(std::size_t number) const {
  const auto& tensors = slots_.at(number).tensors;
  return std::any_of(tensors.begin(), tensors.end(),
                     [](const at::Tensor& tensor) { return gradient_of(tensor).defined(); });
}

void BoundParameters::check_shape(const Slot& slot) {
  const at::Tensor& parameter = slot.parameter();
  const bool same_kind =
      parameter.scalar_type() == slot.view.scalar_type() && parameter.sizes() == slot.view.sizes();
  DGA_CHECK(same_kind, "[parallel] parameter '", slot.name, "': expected ", slot.view.scalar_type(),
            " ", slot.view.sizes(), " as when the accumulator was made, found ",
            parameter.scalar_type(), " ", parameter.sizes(),
            ". Convert the module before, or make another accumulator.");
}

void BoundParameters::check_shapes() const {
  for (const Slot& slot : slots_) {
    check_shape(slot);
  }
}

void BoundParameters::check_values(ValueCheck check) const {
  for (const Slot& slot : slots_) {
    check_shape(slot);
    bool unchanged = check == ValueCheck::versions || print_of_values(slot) == slot.value_print;
    for (std::size_t i = 0; i < slot.tensors.size(); ++i) {
      unchanged = unchanged && version_of(slot.tensors[i]) == slot.versions[i];
    }
    DGA_CHECK(unchanged, "[parallel] parameter '", slot.name,
              "': expected it as step() left it, found it changed in place. The workers of a "
              "node share it, so change or load it in accumulator.update_parameters.");
  }
}

void BoundParameters::note_values() {
  for (Slot& slot : slots_) {
    slot.versions.resize(slot.tensors.size());
    for (std::size_t i = 0; i < slot.tensors.size(); ++i) {
      slot.versions[i] = version_of(slot.tensors[i]);
    }
    slot.value_print = print_of_values(slot);
  }
}

void BoundParameters::values_changed() {
  for (const Slot& slot : slots_) {
    for (const at::Tensor& tensor : slot.tensors) {
      autograd::bump_version(tensor);
    }
  }
  note_values();
}

void BoundParameters::check_gradients(const std::vector<std::uint8_t>& used, bool foreign) const {
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    const Slot& slot = slots_[i];
    const at::Tensor& gradient = gradient_of(slot.parameter());
    bool untouched = used[i] == 0 ? !gradient.defined()
                                  : gradient.is_same(slot.gradient) && is_in_place(slot) &&
                                        version_of(slot.gradient) == slot.gradient_version &&
                                        print_of_gradient(slot) == slot.gradient_print;
    for (std::size_t tied = 1; tied < slot.tensors.size(); ++tied) {
      untouched = untouched && !gradient_of(slot.tensors[tied]).defined();
    }
    DGA_CHECK(untouched || !foreign, "[parallel] gradient of '", slot.name,
              "': expected it from GradientAccumulator::backward, found another backward. Replace "
              "loss.backward() by accumulator.backward(loss, num_samples), or call the module's "
              "zero_grad() after computing gradients of inputs.");
    DGA_CHECK(untouched, "[parallel] gradient of '", slot.name,
              "': expected it as backward left it, found it edited or replaced. Scale the loss "
              "instead, use clip_norm, or change the reduced gradients in on_gradients.");
  }
}

bool BoundParameters::has_left(const Slot& slot, const at::Tensor& tensor) {
  return storage_of(tensor) != storage_of(slot.view) || tensor.strides() != slot.view.strides();
}

bool BoundParameters::is_in_place(const Slot& slot) {
  return slot.gradient.const_data_ptr() == slot.gradient_place.const_data_ptr() &&
         slot.gradient.sizes() == slot.gradient_place.sizes() &&
         slot.gradient.strides() == slot.gradient_place.strides();
}

std::vector<std::size_t> BoundParameters::left() const {
  std::vector<std::size_t> numbers;
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    const Slot& slot = slots_[i];
    const bool gone = has_left(slot, slot.parameter());
    for (std::size_t tied = 1; tied < slot.tensors.size(); ++tied) {
      DGA_CHECK(gone == has_left(slot, slot.tensors[tied]), "[parallel] parameter '", slot.name,
                "': expected the tensors that are tied to it to get new values together, found "
                "that only some did. Change it in accumulator.update_parameters.");
    }
    if (gone) {
      numbers.push_back(i);
    }
  }
  if (!numbers.empty()) {
    check_not_tied(numbers);
  }
  return numbers;
}

std::vector<std::size_t> BoundParameters::all() const {
  std::vector<std::size_t> numbers(slots_.size());
  std::iota(numbers.begin(), numbers.end(), std::size_t{0});
  return numbers;
}

void BoundParameters::check_not_tied(const std::vector<std::size_t>& left) const {
  struct Claim {
    const std::byte* begin;
    const std::byte* end;
    const std::string* name;
    bool left;
  };
  std::vector<Claim> claims;
  const auto claim = [&](const at::Tensor& tensor, const std::string& name, bool has_left) {
    if (!tensor.has_storage() || tensor.numel() == 0) {
      return;
    }
    std::int64_t last = 0;
    for (std::int64_t dim = 0; dim < tensor.dim(); ++dim) {
      last += (tensor.size(dim) - 1) * tensor.stride(dim);
    }
    const auto* begin = static_cast<const std::byte*>(tensor.const_data_ptr());
    claims.push_back({begin, begin + (last + 1) * static_cast<std::int64_t>(tensor.itemsize()),
                      &name, has_left});
  };
  for (const Slot& slot : slots_) {
    claim(slot.view, slot.name, false);
  }
  for (const auto* others : {&tensors_.frozen, &tensors_.buffers}) {
    for (const NamedTensor& other : *others) {
      claim(other.tensor, other.name, false);
    }
  }
  for (const std::size_t number : left) {
    claim(slots_[number].parameter(), slots_[number].name, true);
  }
  std::stable_sort(claims.begin(), claims.end(),
                   [](const Claim& a, const Claim& b) { return a.begin < b.begin; });
  for (auto one = claims.begin(); one != claims.end(); ++one) {
    for (auto other = one + 1; other != claims.end() && other->begin < one->end; ++other) {
      // What was so at construction is right, and so is a parameter in another order in its place.
      if (one->name == other->name || (!one->left && !other->left)) {
        continue;
      }
      const Claim& mine = other->left ? *other : *one;
      const Claim& theirs = other->left ? *one : *other;
      throw InvalidArgument(dga::str(
          "[parallel] parameter '", *mine.name,
          "': expected memory of its own as when the accumulator was made, found that of '",
          *theirs.name, "'. Tie parameters before, or make another accumulator."));
    }
  }
}

void BoundParameters::bring_back(const std::vector<std::size_t>& numbers, bool give_values) {
  const at::NoGradGuard no_grad;
  for (const std::size_t number : numbers) {
    Slot& slot = slots_.at(number);
    if (give_values) {
      const bool overlaps = storage_of(slot.parameter()) == storage_of(slot.view);
      copy_tensor(slot.view, overlaps ? slot.parameter().clone() : slot.parameter());
    }
    for (at::Tensor& tensor : slot.tensors) {
      tensor.set_data(slot.view);
    }
  }
}

void BoundParameters::clear_gradient(std::size_t number) const {
  const at::Tensor& gradient = slots_[number].gradient_place;
  if (gradient.nbytes() > 0 && !slots_[number].by_rows) {  // whose rows are zero
    std::memset(gradient.mutable_data_ptr(), 0, gradient.nbytes());
  }
}

void BoundParameters::drop_gradients() const {
  for (const Slot& slot : slots_) {
    for (const at::Tensor& tensor : slot.tensors) {
      tensor.mutable_grad().reset();
    }
  }
}

std::vector<at::Tensor> BoundParameters::take_gradients_out() const {
  std::vector<at::Tensor> gradients;
  for (const Slot& slot : slots_) {
    gradients.push_back(gradient_of(slot.parameter()));
  }
  drop_gradients();
  return gradients;
}

void BoundParameters::put_gradients_back(std::vector<at::Tensor> gradients) const {
  drop_gradients();
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    slots_[i].parameter().mutable_grad() = std::move(gradients[i]);
  }
}

}  // namespace dga
