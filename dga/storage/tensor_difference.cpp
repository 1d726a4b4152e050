// SPDX-License-Identifier: Apache-2.0

#include "dga/storage/tensor_difference.h"

#include <cstddef>
#include <span>

namespace dga {
namespace {

ElementDifference compare(const CheckpointTensors& a, const CheckpointTensor& in_a,
                          const CheckpointTensors& b, const CheckpointTensor& in_b) {
  ElementDifference sum;
  std::vector<std::byte> other;
  std::int64_t first = 0;
  a.for_each_block(in_a, [&](std::span<const std::byte> block) {
    other.resize(block.size());
    b.read(in_b, first, other);
    add_difference(in_a.type, block, other, sum);
    first += std::ssize(block);
  });
  return sum;
}

}  // namespace

bool TensorDifference::is_of_elements() const noexcept {
  return a != nullptr && b != nullptr && a->type == b->type && a->shape == b->shape;
}

std::vector<TensorDifference> differing_tensors(const CheckpointTensors& a,
                                                const CheckpointTensors& b) {
  std::vector<TensorDifference> all;
  for (const CheckpointTensor& tensor : a.tensors()) {
    TensorDifference one{.name = tensor.name, .a = &tensor, .b = b.find(tensor.name)};
    if (one.is_of_elements()) {
      one.elements = compare(a, *one.a, b, *one.b);
    }
    if (!one.is_of_elements() || one.elements.count > 0) {
      all.push_back(std::move(one));
    }
  }
  for (const CheckpointTensor& tensor : b.tensors()) {
    if (a.find(tensor.name) == nullptr) {
      all.push_back({.name = tensor.name, .b = &tensor});
    }
  }
  return all;
}

}  // namespace dga
