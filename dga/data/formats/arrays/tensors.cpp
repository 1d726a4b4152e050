// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/arrays/tensors.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "dga/base/error.h"
#include "dga/data/as_data.h"
#include "dga/data/formats/arrays/array_pairs.h"
#include "dga/data/formats/arrays/elements.h"
#include "dga/storage/safetensors.h"

namespace dga {
namespace {

ElementType element_type_of(DType type) {
  switch (type) {
    case DType::f64:
      return ElementType::f64;
    case DType::f16:
      return ElementType::f16;
    case DType::bf16:
      return ElementType::bf16;
    case DType::i32:
      return ElementType::i32;
    case DType::i64:
      return ElementType::i64;
    case DType::u8:
      return ElementType::u8;
    case DType::i8:
      return ElementType::i8;
    case DType::boolean:
      return ElementType::boolean;
    case DType::f32:
      break;
  }
  return ElementType::f32;
}

std::vector<std::string> titles_of(const Safetensors& tensors) {
  std::vector<std::string> titles;
  for (const StoredTensor& tensor : tensors.tensors()) {
    titles.push_back(tensor.name);
  }
  return titles;
}

StoredArray array_of(const SourcePtr& file, const StoredTensor& tensor) {
  StoredArray array{.title = tensor.name,
                    .place = str(file->name(), ": ", printable(tensor.name)),
                    .file = file,
                    .type = element_type_of(tensor.type),
                    .element_bytes = size_of(tensor.type),
                    .dims = tensor.shape,
                    .begin = tensor.first};
  if (array.dims.empty()) {
    throw DataError(str(array.place, ": expected a tensor with a dimension of samples, found a ",
                        "single value. Save samples as x and labels as y."));
  }
  array.stride = array.width() * array.element_bytes;
  return array;
}

}  // namespace

bool is_safetensors(const ByteSource& file, std::string_view head) {
  constexpr std::size_t kLengthBytes = 8;
  if (head.size() <= kLengthBytes || head[kLengthBytes] != '{') {
    return false;
  }
  const auto length = detail::load_bits<std::uint64_t>(head.data(), /*big_endian=*/false);
  return length <= static_cast<std::uint64_t>(file.size()) - kLengthBytes;
}

bool safetensors_holds(const SourcePtr& file, FileUse set) {
  return as_data([&] { return has_set(titles_of(Safetensors(file)), set); });
}

ArrayPairs safetensors_arrays(std::span<const SourcePtr> files, const ReadOptions& options) {
  std::vector<std::vector<StoredArray>> groups;
  for (const SourcePtr& file : files) {
    const Safetensors tensors = as_data([&] { return Safetensors(file); });
    std::vector<StoredArray> arrays;
    const auto titles = titles_of_set(titles_of(tensors), file->name(), options);
    if (titles.empty()) {
      throw DataError(str(file->name(), ": expected tensors x and y, found none. Save some."));
    }
    arrays.reserve(titles.size());
    for (const std::string& title : titles) {
      arrays.push_back(array_of(file, tensors.at(title)));
    }
    groups.push_back(std::move(arrays));
  }
  return pair_arrays(std::move(groups), "a tensor", options);
}

}  // namespace dga
