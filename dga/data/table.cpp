// SPDX-License-Identifier: Apache-2.0

#include "dga/data/table.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "dga/base/error.h"

namespace dga {
namespace {

template <typename T>
void pick(const T* from, std::span<const std::int64_t> indices, void* to) {
  auto* out = static_cast<T*>(to);
  for (const std::int64_t index : indices) {
    *out++ = from[index];
  }
}

/// Copies the samples `indices`, of `width` features, as f32.
void copy_rows(const float* from, std::int64_t width, std::span<const std::int64_t> indices,
               float* to) {
  for (const std::int64_t index : indices) {
    std::memcpy(to, from + index * width, static_cast<std::size_t>(width) * sizeof(float));
    to += width;
  }
}

void copy_rows(const std::uint8_t* from, std::int64_t width, std::span<const std::int64_t> indices,
               float* to) {
  for (const std::int64_t index : indices) {
    to = std::copy_n(from + index * width, width, to);
  }
}

}  // namespace

Table::Table(std::int64_t size, std::vector<std::int64_t> sample_shape, Features features,
             std::shared_ptr<const std::int64_t[]> labels, std::vector<std::string> class_names,
             Origins origins)
    : size_(size),
      shape_(std::move(sample_shape)),
      features_(std::move(features)),
      labels_(std::move(labels)),
      class_names_(std::move(class_names)),
      origins_(std::move(origins)) {
  check_sizes();
  DGA_CHECK(size_ == 0 || labels_ != nullptr,
            "[data] Table: expected an array of labels, found null. Pass one label per sample.");
  const auto classes = static_cast<std::int64_t>(class_names_.size());
  for (std::int64_t i = 0; i < size_; ++i) {
    DGA_CHECK(labels_[i] >= 0 && labels_[i] < classes, "[data] Table: expected labels in [0, ",
              classes, "), found ", labels_[i], " at sample ", i,
              ". Map the labels to class indices first.");
  }
}

Table::Table(std::int64_t size, std::vector<std::int64_t> sample_shape, Features features,
             std::shared_ptr<const float[]> targets, Origins origins)
    : size_(size),
      shape_(std::move(sample_shape)),
      features_(std::move(features)),
      targets_(std::move(targets)),
      origins_(std::move(origins)) {
  check_sizes();
  DGA_CHECK(targets_ != nullptr,
            "[data] Table: expected an array of targets, found null. Pass one target per sample.");
}

void Table::check_sizes() const {
  DGA_CHECK(size_ >= 0, "[data] Table: expected a size of at least 0, found ", size_,
            ". Pass the number of samples.");
  for (const std::int64_t dim : shape_) {
    DGA_CHECK(dim >= 1, "[data] Table: expected dimensions of at least 1, found ", dim,
              ". Pass the shape of one sample.");
  }
  const auto known = static_cast<std::int64_t>(origins_.features.size());
  DGA_CHECK(known == 0 || known == num_features(), "[data] Table: expected the origins of ",
            num_features(), " features, found those of ", known, ". Pass one for each feature.");
  DGA_CHECK(size_ == 0 || features() != nullptr || bytes() != nullptr,
            "[data] Table: expected an array of features, found null. Pass size x shape floats.");
}

const float* Table::features() const noexcept {
  const auto* const held = std::get_if<std::shared_ptr<const float[]>>(&features_);
  return held == nullptr ? nullptr : held->get();
}

const std::uint8_t* Table::bytes() const noexcept {
  const auto* const held = std::get_if<std::shared_ptr<const std::uint8_t[]>>(&features_);
  return held == nullptr ? nullptr : held->get();
}

ConstBufferView Table::features_in_memory() const {
  const std::int64_t count = size_ * num_features();
  return bytes() != nullptr ? ConstBufferView(bytes(), count) : ConstBufferView(features(), count);
}

void Table::copy_samples(std::span<const std::int64_t> indices, BufferView features,
                         BufferView labels) const {
  if (features.data != nullptr) {
    const std::int64_t width = num_features();
    auto* const out = static_cast<float*>(features.data);
    std::visit([&](const auto& held) { copy_rows(held.get(), width, indices, out); }, features_);
  }
  if (labels.data != nullptr) {
    if (targets_) {
      pick(targets_.get(), indices, labels.data);
    } else {
      pick(labels_.get(), indices, labels.data);
    }
  }
}

}  // namespace dga
