// SPDX-License-Identifier: Apache-2.0
//
// ParameterLayout: where every parameter of a model lies in the flat buffers, and which worker owns
// which part of them. Accumulator, sharded state and checkpoints ask it and nothing else.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dga/base/dtype.h"
#include "dga/comm/collectives/fixed_tree.h"

namespace dga {

/// A parameter as its model registers it.
struct ParameterSpec {
  std::string name;
  std::vector<std::int64_t> shape;
  DType type = DType::f32;
  /// Parameters of one group share their optimiser options and lie together within a bucket.
  int group = 0;

  /// Elements; 1 for a scalar.
  std::int64_t count() const noexcept;
  /// "fc1.weight f32 [100, 64]"
  std::string text() const;
};

/// A parameter in its place.
struct PlacedParameter {
  ParameterSpec spec;
  int bucket = 0;
  /// Its elements within the bucket; what follows up to the next parameter is padding.
  Slice elements;
};

/// A run of the flat buffer with elements of one type, reduced in one go.
struct Bucket {
  DType type = DType::f32;
  /// Where it starts in the flat buffer.
  std::int64_t first_byte = 0;
  /// Elements, padding included.
  std::int64_t count = 0;
  /// Numbers of its parameters, ascending by place.
  std::vector<int> parameters;
};

/// A contiguous part of one bucket that one worker owns and whose parameters are of one group.
struct OwnedPiece {
  int bucket = 0;
  Slice elements;  // of the bucket
  int group = 0;
  /// Numbers of the parameters it holds elements of, ascending by place.
  std::vector<int> parameters;
};

/// Every parameter starts on a 64-byte line, and the padding behind it is zero for ever. Buckets
/// come in the order in which backward finishes them, that is, from the parameter registered last
/// to the first; worker r owns slice r of each, in whole lines.
///
/// Follows from the parameters, the number of workers and `bucket_bytes` alone. Immutable.
class ParameterLayout {
 public:
  static constexpr std::int64_t kLineBytes = 64;

  /// `parameters` in registration order. Throws InvalidArgument for an empty list, a name that
  /// comes twice, a negative size, an integer type, or fewer than one worker.
  ///
  /// `bucket_bytes` 0 chooses: at least 1 MiB, and so many that a worker's slice does not get too
  /// small to be worth an optimiser call. A model that needs several buckets gets a first one of a
  /// quarter, so that reducing starts early. A parameter is never cut between buckets.
  ParameterLayout(std::vector<ParameterSpec> parameters, int workers,
                  std::int64_t bucket_bytes = 0);

  int workers() const noexcept { return workers_; }
  /// By registration number.
  const std::vector<PlacedParameter>& parameters() const noexcept { return parameters_; }
  const std::vector<Bucket>& buckets() const noexcept { return buckets_; }
  /// Bytes of a flat buffer.
  std::int64_t bytes() const noexcept { return bytes_; }
  /// Where parameter `number` starts in a flat buffer.
  std::int64_t first_byte(int number) const;

  /// Elements of `bucket` that each worker owns, by worker.
  const std::vector<std::int64_t>& counts(int bucket) const;
  /// The elements of `bucket` that `worker` owns.
  Slice slice(int bucket, int worker) const;
  /// Who owns `element` of `bucket`.
  int owner(int bucket, std::int64_t element) const;
  /// All that `worker` owns, ascending; adjacent parameters of one group are one piece.
  std::vector<OwnedPiece> pieces(int worker) const;
  /// The number of the parameter that `element` of `bucket` belongs to, or -1 for padding.
  int parameter_at(int bucket, std::int64_t element) const;

 private:
  void cut_buckets(std::int64_t bucket_bytes);
  void place_bucket(int number);

  int workers_;
  std::vector<PlacedParameter> parameters_;
  std::vector<Bucket> buckets_;
  std::vector<std::vector<std::int64_t>> counts_;  // [bucket][worker]
  std::int64_t bytes_ = 0;
};

}  // namespace dga
