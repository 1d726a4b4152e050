// SPDX-License-Identifier: Apache-2.0
//
// Signature: what all workers of a group must have in common when they call a collective, and the
// text of the error if they do not.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "dga/base/dtype.h"
#include "dga/comm/reduce_op.h"

namespace dga {

struct CollectiveArgs;

enum class CollectiveKind : std::uint8_t {
  barrier,
  broadcast,
  reduce,
  all_reduce,
  reduce_scatter,
  reduce_partials,
  all_gather,
  gather,
  scatter,
  all_to_all,
  share,
  exchange,
};
std::string_view collective_name(CollectiveKind kind) noexcept;

/// The kind of an operation and everything about it that must be equal on all workers.
struct Signature {
  static constexpr std::size_t kLabelBytes = 40;
  static constexpr std::size_t kCounts = 6;

  CollectiveKind kind = CollectiveKind::barrier;
  ReduceOp op = ReduceOp::sum;
  DType type = DType::u8;
  bool in_pieces = false;  // this is a piece of an operation that is cut; `count` is that of all
  std::int32_t root = 0;   // of reduce_partials: the number of workers
  std::int64_t count = 0;  // elements, or the sum of the counts
  std::uint64_t counts_hash = 0;  // of all counts, or of the place of the piece
  /// The first of uneven counts, for errors, and how many there are; 0 if all are equal.
  std::array<std::int64_t, kCounts> counts{};
  std::int32_t num_counts = 0;
  std::array<char, kLabelBytes> label{};

  friend bool operator==(const Signature&, const Signature&) = default;
  /// For errors, such as "all_reduce 'loss' of 12 f32" or "all_gather of 3 f32 (1, 2)".
  std::string text() const { return text_beside(*this); }
  /// The same, with what tells it apart from `other`: "broadcast of 12 f32 with root 1".
  std::string text_beside(const Signature& other) const;
};

Signature signature_of(const CollectiveArgs& args) noexcept;

/// A worker's call: the operation, its number in the group, and the worker's name.
struct Call {
  const Signature& signature;
  std::uint64_t number = 0;
  std::string worker;
};
/// The error for two calls that should be the same.
std::string mismatch_text(const Call& expected, const Call& found);

}  // namespace dga
