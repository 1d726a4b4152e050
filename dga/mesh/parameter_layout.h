// SPDX-License-Identifier: Apache-2.0
//
// ParameterLayout: where every parameter of a model is in the flat buffers (storage), and which
// carrier updates which part of it (ownership). The accumulator and the sharded optimiser state use
// this layout.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dga/base/dtype.h"
#include "dga/comm/collectives/fixed_tree.h"
#include "dga/comm/worker_blocks.h"

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
  /// A step touches few rows of its gradient, which are reduced one by one. Not together with
  /// `atomic`.
  bool by_rows = false;

  /// Elements; 1 for a scalar.
  std::int64_t count() const noexcept;
  /// "fc1.weight f32 [100, 64]"
  std::string text() const;
};

/// A parameter and its position in the flat buffers.
struct PlacedParameter {
  ParameterSpec spec;
  int bucket = 0;
  /// Its elements within the bucket. The elements between it and the next parameter are padding.
  Slice elements;
  /// The worker to whose slice an atomic parameter belongs; -1 for others.
  int worker = -1;
};

/// A contiguous part of the flat buffer with elements of one type, reduced by one collective.
struct Bucket {
  DType type = DType::f32;
  /// Where it starts in the flat buffer.
  std::int64_t first_byte = 0;
  /// Elements, padding included.
  std::int64_t count = 0;
  /// Registration numbers of its parameters, in the order of their positions in the flat buffer.
  std::vector<int> parameters{};
  /// Whether its parameters are atomic: all are, or none is. The same for `by_rows`.
  bool atomic = false;
  bool by_rows = false;
};

/// A contiguous part of one bucket that one owner has: one atomic parameter without its padding,
/// or adjacent elements of other parameters of one group.
struct OwnedPiece {
  int bucket = 0;
  Slice elements;  // of the bucket
  int group = 0;
  /// Registration numbers of the parameters that have elements in it, in the order of their
  /// positions in the flat buffer.
  std::vector<int> parameters;
  bool atomic = false;
};

/// Consecutive elements of one parameter that one owner updates.
struct OwnedSegment {
  int owner = 0;
  Slice elements;  // of the parameter, in the order of memory

  friend bool operator==(const OwnedSegment&, const OwnedSegment&) = default;
};

/// Storage: every parameter starts on a 64-byte line, and the padding after it is always zero.
/// Buckets are in the order in which backward finishes them, that is, from the parameter registered
/// last to the first. Atomic parameters have separate buckets, and so have those with `by_rows`.
///
/// Ownership: each worker has one contiguous slice of every bucket, in whole lines and in the order
/// of the workers. A bucket of atomic parameters is ordered by worker, and its slices hold whole
/// parameters. Their workers are `balance`d over the whole model by `update_cost`. Other buckets
/// are cut into equal slices. A carrier owns the slices of all its workers, which follow each
/// other, so that a reduce-scatter gives it the gradients of what it owns.
///
/// The layout depends on the number of workers and is an implementation detail. Store parameters by
/// name and shape (see `segments`).
///
/// Storage depends only on the parameters, the number of workers and `bucket_bytes`. Immutable.
class ParameterLayout {
 public:
  static constexpr std::int64_t kLineBytes = 64;

  /// `parameters` in registration order. Throws InvalidArgument for an empty list, a duplicate
  /// name, a negative size, an integer type, or fewer than one worker.
  ///
  /// `bucket_bytes`: maximum size of a bucket. 0: 64 KiB per worker, but at least 1 MiB and at most
  /// 32 MiB; with smaller slices, optimiser calls would cost more than arithmetic. If the model
  /// needs several buckets, the first one has a quarter of this size, so that reduction starts
  /// early. Both rules apply to each kind of bucket separately. A parameter is never split between
  /// buckets: a larger one has a bucket to itself.
  ParameterLayout(std::vector<ParameterSpec> parameters, int workers,
                  std::int64_t bucket_bytes = 0);
  /// For workers that are carried in `blocks`.
  ParameterLayout(std::vector<ParameterSpec> parameters, const WorkerBlocks& blocks,
                  std::int64_t bucket_bytes = 0);

  int workers() const noexcept { return blocks_.workers(); }
  const WorkerBlocks& blocks() const noexcept { return blocks_; }

  // --- storage
  /// By registration number.
  const std::vector<PlacedParameter>& parameters() const noexcept { return parameters_; }
  const std::vector<Bucket>& buckets() const noexcept { return buckets_; }
  /// Bytes of a flat buffer.
  std::int64_t bytes() const noexcept { return bytes_; }
  /// Where parameter `number` starts in a flat buffer.
  std::int64_t first_byte(int number) const;
  /// Whether rows of parameter `number` are reduced one by one. Carriers of several workers reduce
  /// it as a whole, which gives the same bits.
  bool by_rows(int number) const {
    return blocks_.one_each() && parameters_.at(static_cast<std::size_t>(number)).spec.by_rows;
  }
  /// The number of the parameter that `element` of `bucket` belongs to, or -1 for padding.
  int parameter_at(int bucket, std::int64_t element) const;

  // --- ownership; an owner is a carrier: if each carries one worker, the worker
  /// Whether any parameter is atomic.
  bool has_atomic() const noexcept { return has_atomic_; }
  /// Elements of `bucket` that each owner has, by owner.
  const std::vector<std::int64_t>& counts(int bucket) const;
  /// The elements of `bucket` that `owner` owns.
  Slice slice(int bucket, int owner) const;
  /// The elements of `bucket` that belong to `worker`, one of its owner's workers.
  Slice worker_slice(int bucket, int worker) const;
  /// Who owns `element` of `bucket`.
  int owner(int bucket, std::int64_t element) const;
  /// All pieces that `owner` owns, in the order of their positions in the flat buffer. Adjacent
  /// parameters of one group are one piece unless they are atomic. Parameters without elements are
  /// in no piece.
  std::vector<OwnedPiece> pieces(int owner) const;
  /// The parts of parameter `number` and the owners that update them, in ascending order. One
  /// segment if it is atomic, none if it has no elements.
  std::vector<OwnedSegment> segments(int number) const;

 private:
  void choose_workers();
  std::vector<Bucket> cut_buckets(const Bucket& kind, std::int64_t bucket_bytes) const;
  void place_bucket(int number);
  void add_pieces(int bucket, Slice slice, std::vector<OwnedPiece>& pieces) const;
  void add_atomic_pieces(int bucket, int owner, std::vector<OwnedPiece>& pieces) const;

  WorkerBlocks blocks_;
  std::vector<PlacedParameter> parameters_;
  std::vector<Bucket> buckets_;
  std::vector<std::vector<std::int64_t>> worker_counts_;  // [bucket][worker]
  std::vector<std::vector<std::int64_t>> counts_;         // [bucket][owner]
  std::int64_t bytes_ = 0;
  bool has_atomic_ = false;
};

}  // namespace dga
