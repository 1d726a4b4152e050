// SPDX-License-Identifier: Apache-2.0

#include "dga/storage/checkpoint_tensors.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <utility>

#include "dga/base/error.h"
#include "dga/storage/checkpoint_names.h"
#include "dga/storage/manifest.h"
#include "dga/storage/store_path.h"
#include "dga/storage/tensor_parts.h"

namespace dga {
namespace {

/// The names of the files with tensors, in the order of the carriers.
std::vector<std::string> tensor_files_of(const std::string& path) {
  std::vector<std::string> names;
  if (const auto manifest = read_manifest(path)) {
    for (const auto& [name, sum] : manifest->files) {
      if (is_tensor_file(name)) {
        names.push_back(name);
      }
    }
  }
  if (names.empty()) {
    throw StorageError(str("[storage] ", path,
                           ": expected a checkpoint with files of tensors in its manifest, found "
                           "none. Use another checkpoint."));
  }
  return names;
}

/// Copies elements of `size` bytes in the order of `strides` to row-major order.
void copy_to_row_major(const CheckpointTensor& tensor, std::size_t size, const std::byte* from,
                       std::byte* to) {
  std::vector<std::int64_t> index(tensor.shape.size(), 0);
  const std::int64_t count = elements_of(tensor.shape);
  for (std::int64_t element = 0; element < count; ++element) {
    const std::int64_t at =
        std::inner_product(index.begin(), index.end(), tensor.strides.begin(), std::int64_t{0});
    std::memcpy(to + static_cast<std::size_t>(element) * size,
                from + static_cast<std::size_t>(at) * size, size);
    for (std::size_t i = index.size(); i > 0 && ++index[i - 1] == tensor.shape[i - 1]; --i) {
      index[i - 1] = 0;
    }
  }
}

}  // namespace

CheckpointTensors::CheckpointTensors(const std::string& path) : path_(path) {
  std::map<std::string, std::size_t, std::less<>> places;
  for (const std::string& name : tensor_files_of(path)) {
    files_.push_back(std::make_unique<Safetensors>(path_in(path, name)));
    add(files_.size() - 1, places);
  }
  // `places` is sorted by name.
  std::vector<CheckpointTensor> tensors;
  std::vector<std::vector<Part>> parts;
  for (const auto& [name, place] : places) {
    tensors.push_back(std::move(tensors_[place]));
    parts.push_back(std::move(parts_[place]));
    std::sort(parts.back().begin(), parts.back().end(), [](const Part& a, const Part& b) {
      return std::pair(a.first, a.bytes) < std::pair(b.first, b.bytes);
    });
  }
  for (const auto& file : files_) {
    if (model_order_.empty()) {
      model_order_ = stored_order(*file);
    }
  }
  tensors_ = std::move(tensors);
  parts_ = std::move(parts);
  check_parts();
}

void CheckpointTensors::add(std::size_t file,
                            std::map<std::string, std::size_t, std::less<>>& places) {
  const std::vector<TensorPart> stored = stored_parts(*files_[file]);
  for (std::size_t i = 0; i < stored.size(); ++i) {
    const TensorPart& part = stored[i];
    const auto [found, is_new] = places.emplace(part.name, tensors_.size());
    if (is_new) {
      tensors_.push_back({.name = part.name,
                          .type = part.type,
                          .shape = part.shape,
                          .strides = part.strides,
                          .bytes = elements_of(part.shape) * size_of(part.type)});
      parts_.emplace_back();
    }
    const CheckpointTensor& tensor = tensors_[found->second];
    if (tensor.type != part.type || tensor.shape != part.shape || tensor.strides != part.strides) {
      throw StorageError(str("[storage] ", path_, ": expected parts of one tensor '", part.name,
                             "', found parts of different ones. Use another checkpoint."));
    }
    parts_[found->second].push_back({.file = file,
                                     .tensor = i,
                                     .first = part.first * size_of(part.type),
                                     .bytes = part.count * size_of(part.type)});
  }
}

void CheckpointTensors::check_parts() const {
  for (std::size_t i = 0; i < tensors_.size(); ++i) {
    std::int64_t next = 0;
    for (const Part& part : parts_[i]) {
      next = part.first == next ? next + part.bytes : -1;
    }
    if (next != tensors_[i].bytes) {
      throw StorageError(str("[storage] ", path_, ": expected all parts of the tensor '",
                             tensors_[i].name,
                             "' once, found another number. Use another checkpoint."));
    }
  }
}

const CheckpointTensor* CheckpointTensors::find(std::string_view name) const noexcept {
  const auto found = std::lower_bound(
      tensors_.begin(), tensors_.end(), name,
      [](const CheckpointTensor& tensor, std::string_view other) { return tensor.name < other; });
  return found != tensors_.end() && found->name == name ? &*found : nullptr;
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
  return !with_prefix(prefix).empty();
}

std::span<const CheckpointTensor> CheckpointTensors::with_prefix(
    std::string_view prefix) const noexcept {
  const auto first = std::lower_bound(
      tensors_.begin(), tensors_.end(), prefix,
      [](const CheckpointTensor& tensor, std::string_view other) { return tensor.name < other; });
  const auto last = std::find_if_not(first, tensors_.end(), [&](const CheckpointTensor& tensor) {
    return tensor.name.starts_with(prefix);
  });
  return {first, last};
}

std::size_t CheckpointTensors::place_of(const CheckpointTensor& tensor) const {
  const CheckpointTensor* const found = find(tensor.name);
  DGA_CHECK(found != nullptr, "[storage] ", path_, ": expected one of its tensors, found '",
            tensor.name, "'.");
  return static_cast<std::size_t>(found - tensors_.data());
}

void CheckpointTensors::read_as_stored(const CheckpointTensor& tensor, std::int64_t first,
                                       std::span<std::byte> into) const {
  const std::size_t place = place_of(tensor);
  const std::int64_t end = first + std::ssize(into);
  DGA_CHECK(first >= 0 && end <= tensors_[place].bytes, "[storage] ", path_,
            ": expected bytes of '", tensor.name, "' within its ", tensors_[place].bytes,
            ", found ", first, " to ", end, ".");
  for (const Part& part : parts_[place]) {
    const std::int64_t from = std::max(first, part.first);
    const std::int64_t to = std::min(end, part.first + part.bytes);
    if (from < to) {
      const Safetensors& file = *files_[part.file];
      file.read(file.tensors()[part.tensor], from - part.first,
                into.subspan(static_cast<std::size_t>(from - first),
                             static_cast<std::size_t>(to - from)));
    }
  }
}

std::shared_ptr<const std::vector<std::byte>> CheckpointTensors::in_row_major(
    const CheckpointTensor& tensor) const {
  const std::lock_guard lock(mutex_);
  if (last_ == nullptr || last_name_ != tensor.name) {
    std::vector<std::byte> stored(static_cast<std::size_t>(tensor.bytes));
    read_as_stored(tensor, 0, stored);
    auto ordered = std::make_shared<std::vector<std::byte>>(stored.size());
    copy_to_row_major(tensor, static_cast<std::size_t>(size_of(tensor.type)), stored.data(),
                      ordered->data());
    last_ = std::move(ordered);
    last_name_ = tensor.name;
  }
  return last_;
}

void CheckpointTensors::read(const CheckpointTensor& tensor, std::int64_t first,
                             std::span<std::byte> into) const {
  const CheckpointTensor& own = tensors_[place_of(tensor)];
  if (own.strides.empty()) {
    return read_as_stored(own, first, into);
  }
  DGA_CHECK(first >= 0 && first + std::ssize(into) <= own.bytes, "[storage] ", path_,
            ": expected bytes of '", own.name, "' within its ", own.bytes, ", found ", first,
            " to ", first + std::ssize(into), ".");
  const auto bytes = in_row_major(own);
  std::copy_n(bytes->begin() + first, into.size(), into.begin());
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
