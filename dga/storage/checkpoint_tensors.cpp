// SPDX-License-Identifier: Apache-2.0

#include "dga/storage/checkpoint_tensors.h"

#include <algorithm>

#include "dga/base/error.h"
#include "dga/storage/checkpoint_names.h"
#include "dga/storage/store_path.h"

namespace dga {

CheckpointTensors::CheckpointTensors(const std::string& path)
    : path_(path), file_(path_in(path, kTensorsFile)) {
  tensors_.reserve(file_.tensors().size());
  for (const StoredTensor& stored : file_.tensors()) {
    places_.emplace(stored.name, tensors_.size());
    tensors_.push_back(
        {.name = stored.name, .type = stored.type, .shape = stored.shape, .bytes = stored.bytes});
  }
}

const CheckpointTensor* CheckpointTensors::find(std::string_view name) const noexcept {
  const auto found = places_.find(name);
  return found == places_.end() ? nullptr : &tensors_[found->second];
}

const CheckpointTensor& CheckpointTensors::at(std::string_view name) const {
  const CheckpointTensor* const found = find(name);
  if (found == nullptr) {
    throw StorageError(str("[storage] ", path_, ": expected the tensor '", name,
                           "', found none of that name among ", tensors_.size(),
                           ". Use a checkpoint of the same model and options."));
  }
  return *found;
}

bool CheckpointTensors::has_any(std::string_view prefix) const noexcept {
  const auto next = places_.lower_bound(prefix);
  return next != places_.end() && next->first.starts_with(prefix);
}

void CheckpointTensors::read(const CheckpointTensor& tensor, std::int64_t first,
                             std::span<std::byte> into) const {
  const auto found = places_.find(tensor.name);
  DGA_CHECK(found != places_.end(), "[storage] ", path_, ": expected one of its tensors, found '",
            tensor.name, "'.");
  file_.read(file_.tensors()[found->second], first, into);
}

void CheckpointTensors::for_each_block(
    const CheckpointTensor& tensor,
    const std::function<void(std::span<const std::byte>)>& use) const {
  std::vector<std::byte> block(static_cast<std::size_t>(std::min(tensor.bytes, kTensorBlock)));
  for (std::int64_t first = 0; first < tensor.bytes; first += kTensorBlock) {
    const std::span<std::byte> part = std::span(block).first(
        static_cast<std::size_t>(std::min(kTensorBlock, tensor.bytes - first)));
    read(tensor, first, part);
    use(part);
  }
}

}  // namespace dga
