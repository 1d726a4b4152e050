// SPDX-License-Identifier: Apache-2.0

#include "dga/storage/tensor_parts.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <numeric>
#include <utility>

#include "dga/base/error.h"
#include "dga/storage/atomic_file.h"
#include "dga/storage/tensor_view.h"

namespace dga {
namespace {

using Json = nlohmann::ordered_json;

// Keys in the metadata.
constexpr const char* kParts = "parts";
constexpr const char* kOrder = "order";

/// -1 for a negative size and for a product that overflows.
std::int64_t checked_elements(const std::vector<std::int64_t>& shape) noexcept {
  std::int64_t count = 1;
  for (const std::int64_t size : shape) {
    if (size < 0 || (size > 0 && count > std::numeric_limits<std::int64_t>::max() / size)) {
      return -1;
    }
    count *= size;
  }
  return count;
}

/// Whether elements with these strides fill memory without gaps.
bool is_dense(const std::vector<std::int64_t>& shape, const std::vector<std::int64_t>& strides) {
  if (strides.empty()) {
    return true;
  }
  if (strides.size() != shape.size()) {
    return false;
  }
  std::vector<std::size_t> inner_first(shape.size());
  std::iota(inner_first.begin(), inner_first.end(), std::size_t{0});
  std::stable_sort(inner_first.begin(), inner_first.end(),
                   [&](std::size_t a, std::size_t b) { return strides[a] < strides[b]; });
  std::int64_t next = 1;
  for (const std::size_t i : inner_first) {
    if (shape[i] > 1 && strides[i] != next) {
      return false;
    }
    next *= shape[i];
  }
  return true;
}

}  // namespace

std::int64_t elements_of(const std::vector<std::int64_t>& shape) noexcept {
  return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

void write_tensor_parts(AtomicFile& file, std::span<const TensorPart> parts,
                        const std::vector<std::string>& order) {
  std::vector<TensorView> views;
  Json described = Json::object();
  for (const TensorPart& part : parts) {
    if (part.strides.empty() && part.first == 0 && part.count == checked_elements(part.shape)) {
      views.push_back(
          {.name = part.name, .type = part.type, .shape = part.shape, .data = part.data});
      continue;
    }
    const std::string name = str(part.name, '[', part.first, ']');
    views.push_back({.name = name, .type = part.type, .shape = {part.count}, .data = part.data});
    described[name] = {{"tensor", part.name}, {"shape", part.shape}, {"first", part.first}};
    if (!part.strides.empty()) {
      described[name]["strides"] = part.strides;
    }
  }
  Metadata metadata;
  if (!described.empty()) {
    metadata[kParts] = described.dump(-1, ' ', false, Json::error_handler_t::replace);
  }
  if (!order.empty()) {
    metadata[kOrder] = Json(order).dump(-1, ' ', false, Json::error_handler_t::replace);
  }
  write_safetensors(file, views, metadata);
}

std::vector<std::string> stored_order(const Safetensors& file) {
  const auto found = file.metadata().find(kOrder);
  if (found == file.metadata().end()) {
    return {};
  }
  try {
    return Json::parse(found->second).get<std::vector<std::string>>();
  } catch (const Json::exception&) {
    throw StorageError(str("[storage] ", file.path(), ": expected names of tensors in ", kOrder,
                           ", found other text. Use another checkpoint."));
  }
}

std::vector<TensorPart> stored_parts(const Safetensors& file) {
  const auto fail = [&](const std::string& name) {
    throw StorageError(str("[storage] ", file.path(), ": expected the description of a part of a ",
                           "tensor, found another one for '", name, "'. Use another checkpoint."));
  };
  Json described = Json::object();
  if (const auto found = file.metadata().find(kParts); found != file.metadata().end()) {
    described = Json::parse(found->second, nullptr, false);
  }
  std::vector<TensorPart> parts;
  for (const StoredTensor& stored : file.tensors()) {
    TensorPart part{.name = stored.name,
                    .type = stored.type,
                    .shape = stored.shape,
                    .count = elements_of(stored.shape)};
    if (described.is_object() && described.contains(stored.name)) {
      try {
        const Json& entry = described.at(stored.name);
        part.name = entry.at("tensor").get<std::string>();
        part.shape = entry.at("shape").get<std::vector<std::int64_t>>();
        part.strides = entry.value("strides", std::vector<std::int64_t>());
        part.first = entry.at("first").get<std::int64_t>();
      } catch (const Json::exception&) {
        fail(stored.name);
      }
      const std::int64_t elements = checked_elements(part.shape);
      if (elements < 0 || part.first < 0 || part.first > elements - part.count ||
          !is_dense(part.shape, part.strides)) {
        fail(stored.name);
      }
    } else if (!described.is_object()) {
      fail(stored.name);
    }
    parts.push_back(std::move(part));
  }
  return parts;
}

}  // namespace dga
