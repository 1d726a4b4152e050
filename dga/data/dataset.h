// SPDX-License-Identifier: Apache-2.0
//
// Dataset: the interface of everything that dga trains on: numbered samples, copied out in batches.

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "dga/base/dtype.h"
#include "dga/data/origins.h"

namespace dga {

/// Samples 0 … size()-1. Each has features, all of the same shape, and one label.
///
/// To write your own dataset, derive from this class and override size, sample_shape, label_type,
/// copy_samples and, for classification, num_classes:
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
/// The functions must return the same values at every call, and several threads may call them at
/// the same time: workers that are threads share one object.
class Dataset {
 public:
  Dataset() = default;
  Dataset(const Dataset&) = delete;
  Dataset& operator=(const Dataset&) = delete;
  virtual ~Dataset() = default;

  virtual std::int64_t size() const = 0;
  /// The shape of one sample, such as {64} or {28, 28}.
  virtual std::vector<std::int64_t> sample_shape() const = 0;
  virtual DType feature_type() const { return DType::f32; }
  /// i64 for classification, where a label is a class index in [0, num_classes()). f32 for
  /// regression, where it is a target.
  virtual DType label_type() const = 0;
  /// 0 for regression.
  virtual std::int64_t num_classes() const { return 0; }
  /// The names of the classes, num_classes() of them. "0", "1", … unless overridden.
  virtual std::vector<std::string> class_names() const;
  /// What copy_samples leaves out of features and targets because f32 could not keep their values
  /// apart; see origins.h. None unless overridden.
  virtual Origins origins() const { return {}; }

  /// The values of the features of all samples, as gather_centred gives them, where a dataset has
  /// them in one array: f32, or u8 if all are bytes. None unless overridden.
  virtual ConstBufferView features_in_memory() const { return {}; }

  /// The block of a sample: samples of one block lie together and are read together. By default
  /// blocks of as many consecutive samples as stream/blocks.h says.
  virtual std::int64_t block_of(std::int64_t index) const;
  /// Says that samples of the blocks of the samples `indices`, at least one of each block, are
  /// gathered soon. A dataset that reads files reads them now. Throws what gather throws. Does
  /// nothing unless overridden.
  virtual void read_ahead(std::span<const std::int64_t> indices) const;

  /// Number of elements of one sample: the product of sample_shape().
  std::int64_t num_features() const;

  /// Copies the samples `indices`, in this order; indices may repeat. `features` has shape
  /// (indices.size(), sample_shape()...) and type feature_type(); `labels` has shape
  /// (indices.size()) and type label_type(). A view without data is skipped. Throws InvalidArgument
  /// for an index out of range or a view of another type or count.
  void gather(std::span<const std::int64_t> indices, BufferView features, BufferView labels) const;
  /// The same, but minus origins(), for a caller that goes on in f64.
  void gather_centred(std::span<const std::int64_t> indices, BufferView features,
                      BufferView labels) const;

 private:
  /// The body of gather_centred(), called with checked arguments. Skip `features` or `labels` if
  /// its data is null.
  virtual void copy_samples(std::span<const std::int64_t> indices, BufferView features,
                            BufferView labels) const = 0;
};

/// All labels of a classification dataset, in the order of the samples. Throws InvalidArgument for
/// a regression dataset.
std::vector<std::int64_t> class_labels(const Dataset& dataset);

/// Where in `shard`, sample indices of `dataset`, a new block begins: 0 and the positions at which
/// block_of differs from the sample before. Ascending; empty for an empty shard.
std::vector<std::int64_t> block_starts(const Dataset& dataset, std::span<const std::int64_t> shard);

}  // namespace dga
