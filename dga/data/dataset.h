// SPDX-License-Identifier: Apache-2.0
//
// Dataset: numbered samples that can be copied out in batches. Everything dga trains on is one.

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "dga/base/dtype.h"

namespace dga {

/// Samples 0 … size()-1, each with features of one shape and one label.
///
/// Your own dataset derives from it and overrides size, sample_shape, label_type (and num_classes
/// for classification) and copy_samples:
///
///     class Noise : public dga::Dataset {
///      public:
///       std::int64_t size() const override { return 1000; }
///       std::vector<std::int64_t> sample_shape() const override { return {16}; }
///       dga::DType label_type() const override { return dga::DType::i64; }
///       std::int64_t num_classes() const override { return 2; }
///
///      private:
///       void copy_samples(std::span<const std::int64_t> indices, dga::BufferView features,
///                         dga::BufferView labels) const override;
///     };
///
/// Answers never change, and all calls may come from several threads at once: workers that are
/// threads share one object.
class Dataset {
 public:
  Dataset() = default;
  Dataset(const Dataset&) = delete;
  Dataset& operator=(const Dataset&) = delete;
  virtual ~Dataset() = default;

  virtual std::int64_t size() const = 0;
  /// Sizes of one sample's dimensions: {64}, {28, 28}, …
  virtual std::vector<std::int64_t> sample_shape() const = 0;
  virtual DType feature_type() const { return DType::f32; }
  /// i64: a class index in [0, num_classes()). f32: a regression target.
  virtual DType label_type() const = 0;
  /// 0 for regression.
  virtual std::int64_t num_classes() const { return 0; }
  /// num_classes() names, as the data spelt them; "0", "1", … unless overridden.
  virtual std::vector<std::string> class_names() const;

  /// Elements of one sample: the product of sample_shape().
  std::int64_t num_features() const;

  /// Copies samples `indices`, in that order and with repeats if it has any, to `features`, of
  /// shape (indices.size(), sample_shape()...) and type feature_type(), and `labels`, of shape
  /// (indices.size()) and type label_type(). A view without data is left out.
  /// Throws InvalidArgument for an index out of range or a view of another type or count.
  void gather(std::span<const std::int64_t> indices, BufferView features, BufferView labels) const;

 private:
  /// gather() after its checks. `features.data` or `labels.data` may be null: leave that one out.
  virtual void copy_samples(std::span<const std::int64_t> indices, BufferView features,
                            BufferView labels) const = 0;
};

/// All labels of a classification dataset, in order of samples. Throws InvalidArgument for another.
std::vector<std::int64_t> class_labels(const Dataset& dataset);

}  // namespace dga
