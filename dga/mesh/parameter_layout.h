// SPDX-License-Identifier: Apache-2.0
//
// ParameterLayout: where every parameter of a model lies in the flat buffers (storage), and which
// worker updates which part of it (ownership). Accumulator, sharded state and checkpoints ask it
// and nothing else.

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
  /// One worker updates the whole parameter; otherwise it may be cut anywhere.
  bool atomic = false;

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
  /// The worker that updates an atomic parameter; -1 for others.
  int owner = -1;
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
  /// Whether its parameters are atomic: all are, or none is.
  bool atomic = false;
};

/// A contiguous part of one bucket that one worker owns: one atomic parameter without its padding,
/// or a run of others that are of one group.
struct OwnedPiece {
  int bucket = 0;
  Slice elements;  // of the bucket
  int group = 0;
  /// Numbers of the parameters it holds elements of, ascending by place.
  std::vector<int> parameters;
  bool atomic = false;
};

/// A run of one parameter's elements that one worker updates.
struct OwnedSegment {
  int worker = 0;
  Slice elements;  // of the parameter, in the order of memory

  friend bool operator==(const OwnedSegment&, const OwnedSegment&) = default;
};

/// Storage: every parameter starts on a 64-byte line, and the padding behind it is zero for ever.
/// Buckets come in the order in which backward finishes them, that is, from the parameter
/// registered last to the first. Atomic parameters lie in buckets of their own.
///
/// Ownership: each worker owns one contiguous slice of every bucket, in whole lines and in the
/// order of the workers, so that a reduce-scatter gives it what it updates. A bucket of atomic
/// parameters is ordered by owner, and its slices hold whole parameters. Their owners are
/// `balance`d over the whole model by `update_cost`. Other buckets are cut into equal slices.
/// Without atomic parameters the layout is what it would be if there were no such thing.
///
/// Where bytes lie depends on the number of workers and is nobody else's business: whoever stores
/// parameters does so by name and shape (see `segments`).
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
  /// quarter, so that reducing starts early; atomic parameters and others are counted apart. A
  /// parameter is never cut between buckets.
  ParameterLayout(std::vector<ParameterSpec> parameters, int workers,
                  std::int64_t bucket_bytes = 0);

  int workers() const noexcept { return workers_; }

  // --- storage
  /// By registration number.
  const std::vector<PlacedParameter>& parameters() const noexcept { return parameters_; }
  const std::vector<Bucket>& buckets() const noexcept { return buckets_; }
  /// Bytes of a flat buffer.
  std::int64_t bytes() const noexcept { return bytes_; }
  /// Where parameter `number` starts in a flat buffer.
  std::int64_t first_byte(int number) const;
  /// The number of the parameter that `element` of `bucket` belongs to, or -1 for padding.
  int parameter_at(int bucket, std::int64_t element) const;

  // --- ownership
  /// Whether any parameter is atomic.
  bool has_atomic() const noexcept { return has_atomic_; }
  /// Elements of `bucket` that each worker owns, by worker.
  const std::vector<std::int64_t>& counts(int bucket) const;
  /// The elements of `bucket` that `worker` owns.
  Slice slice(int bucket, int worker) const;
  /// Who owns `element` of `bucket`.
  int owner(int bucket, std::int64_t element) const;
  /// All that `worker` owns, ascending by place; adjacent parameters of one group are one piece
  /// unless they are atomic. Parameters without elements are in none.
  std::vector<OwnedPiece> pieces(int worker) const;
  /// Who updates parameter `number`, ascending; one segment for an atomic one, none where it has no
  /// elements.
  std::vector<OwnedSegment> segments(int number) const;

 private:
  void choose_owners();
  std::vector<Bucket> cut_buckets(bool atomic, std::int64_t bucket_bytes) const;
  void place_bucket(int number);
  void add_atomic_pieces(int bucket, int worker, std::vector<OwnedPiece>& pieces) const;

  int workers_;
  std::vector<PlacedParameter> parameters_;
  std::vector<Bucket> buckets_;
  std::vector<std::vector<std::int64_t>> counts_;  // [bucket][worker]
  std::int64_t bytes_ = 0;
  bool has_atomic_ = false;
};

}  // namespace dga
