// SPDX-License-Identifier: Apache-2.0
//
// Table: a dataset in memory.

#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "dga/base/dtype.h"
#include "dga/data/dataset.h"

namespace dga {

/// Features lie in one row-major array of shape (size, sample_shape...), labels in another of shape
/// (size). The features are f32, or bytes, which become f32 when samples are gathered. The table
/// shares the arrays with other holders of the pointers and never writes to them. To use memory of
/// another object, pass a shared_ptr whose deleter holds a reference to that object. Features and
/// targets are those of the data minus `origins`.
class Table : public Dataset {
 public:
  using Features =
      std::variant<std::shared_ptr<const float[]>, std::shared_ptr<const std::uint8_t[]>>;

  /// A classification dataset, with labels[i] in [0, class_names.size()). Throws InvalidArgument
  /// for a negative size, a dimension below 1, a missing array, a label out of range, or origins of
  /// another number of features.
  Table(std::int64_t size, std::vector<std::int64_t> sample_shape, Features features,
        std::shared_ptr<const std::int64_t[]> labels, std::vector<std::string> class_names,
        Origins origins = {});
  /// A regression dataset. Throws InvalidArgument as the other constructor does.
  Table(std::int64_t size, std::vector<std::int64_t> sample_shape, Features features,
        std::shared_ptr<const float[]> targets, Origins origins = {});

  std::int64_t size() const override { return size_; }
  std::vector<std::int64_t> sample_shape() const override { return shape_; }
  DType label_type() const override { return targets_ ? DType::f32 : DType::i64; }
  std::int64_t num_classes() const override {
    return static_cast<std::int64_t>(class_names_.size());
  }
  std::vector<std::string> class_names() const override { return class_names_; }
  Origins origins() const override { return origins_; }
  ConstBufferView features_in_memory() const override;

  /// (size, sample_shape...), minus origins(); null if the features are bytes. 64-byte aligned if
  /// load_data has read it.
  const float* features() const noexcept;
  /// (size, sample_shape...); null if the features are f32.
  const std::uint8_t* bytes() const noexcept;
  /// (size); null for regression.
  const std::int64_t* labels() const noexcept { return labels_.get(); }
  /// (size), minus the origin; null for classification.
  const float* targets() const noexcept { return targets_.get(); }

 private:
  void check_sizes() const;
  void copy_samples(std::span<const std::int64_t> indices, BufferView features,
                    BufferView labels) const override;

  std::int64_t size_;
  std::vector<std::int64_t> shape_;
  Features features_;
  std::shared_ptr<const std::int64_t[]> labels_;
  std::shared_ptr<const float[]> targets_;
  std::vector<std::string> class_names_;
  Origins origins_;
};

}  // namespace dga
