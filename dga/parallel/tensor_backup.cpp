// SPDX-License-Identifier: Apache-2.0

#include "dga/parallel/tensor_backup.h"

#include <cstring>

#include "dga/base/error.h"

namespace dga {

TensorBackup::TensorBackup(const std::vector<NamedTensor>& tensors) : tensors_(tensors) {
  const at::NoGradGuard no_grad;
  for (const NamedTensor& item : tensors) {
    // Of the same strides, so that bytes can be compared.
    copies_.push_back({item.tensor.detach(), item.tensor.detach().clone()});
  }
}

bool TensorBackup::changed() const {
  bool changed = false;
  for (std::size_t i = 0; i < tensors_.size(); ++i) {
    const at::Tensor& now = tensors_[i].tensor;
    const Copy& copy = copies_[i];
    DGA_CHECK(now.scalar_type() == copy.memory.scalar_type() && now.sizes() == copy.memory.sizes(),
              "[parallel] update_parameters: expected '", tensors_[i].name, "' to stay ",
              copy.memory.scalar_type(), " ", copy.memory.sizes(), ", found ", now.scalar_type(),
              " ", now.sizes(), ". Convert the module before, or make another accumulator.");
    const bool same_memory = now.const_data_ptr() == copy.memory.const_data_ptr() &&
                             now.strides() == copy.memory.strides();
    const bool same_bytes =
        same_memory &&
        (copy.values.strides() == now.strides() && now.is_non_overlapping_and_dense()
             ? now.nbytes() == 0 || std::memcmp(now.const_data_ptr(), copy.values.const_data_ptr(),
                                                now.nbytes()) == 0
             : now.detach().equal(copy.values));
    changed = changed || !same_bytes;
  }
  return changed;
}

void TensorBackup::restore() const {
  const at::NoGradGuard no_grad;
  for (std::size_t i = 0; i < tensors_.size(); ++i) {
    copies_[i].memory.copy_(copies_[i].values);
    at::Tensor tensor = tensors_[i].tensor;
    tensor.set_data(copies_[i].memory);
  }
}

}  // namespace dga
