// SPDX-License-Identifier: Apache-2.0
//
// Communicator: how a worker talks to the others. The same calls on threads, processes and MPI,
// with the same bits: floating-point sums follow the fixed tree (fixed_tree.h) on every engine.

#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "dga/base/dtype.h"
#include "dga/comm/pending.h"
#include "dga/comm/placement.h"
#include "dga/comm/reduce_op.h"
#include "dga/comm/shared_buffer.h"

namespace dga {

class ByteChannel;
class Group;

/// A small value; copies mean the same group. Not thread-safe: one thread at a time uses the
/// communicators of a worker.
///
/// Every operation is collective unless it says otherwise: all ranks of the group call it, in the
/// same order, with equal counts, types, roots and labels; a call that does not match is an error
/// on every rank. All of them block until this rank's buffers may be reused, and throw
/// WorkerFailure when another worker fails or does not come within the timeout. The started forms
/// return at once; their buffers may be neither written nor freed before the Pending was waited
/// for.
///
/// Buffers may be any memory. Those from `allocate` are read by the neighbours where they lie;
/// others cost processes (not threads) one copy in and one out.
///
/// `label` says what the operation is for, in errors and in the check that everybody means the
/// same.
class Communicator {
 public:
  explicit Communicator(std::shared_ptr<Group> group);

  int rank() const noexcept;
  int size() const noexcept;
  /// The node each rank of this group lives on, numbered from 0.
  Placement placement() const;

  /// The group of all ranks that passed the same `color`, ordered by (key, rank).
  Communicator split(int color, int key) const;

  void barrier(std::string_view label = {}) const;
  /// The root's elements for everybody.
  void broadcast(BufferView buffer, int root, std::string_view label = {}) const;
  /// In place: every rank has the result, bit for bit the same.
  void all_reduce(BufferView buffer, ReduceOp op = ReduceOp::sum,
                  std::string_view label = {}) const;
  /// The result in `out` of the root; `out` of other ranks is not looked at.
  void reduce(ConstBufferView in, BufferView out, int root, ReduceOp op = ReduceOp::sum,
              std::string_view label = {}) const;
  /// Rank r receives elements [counts[0] + … + counts[r-1], … + counts[r]) of the result; `in`
  /// holds sum(counts) elements. Without counts all ranks receive in.count / size elements.
  /// `weight` multiplies this rank's contribution first (floating-point sums only).
  void reduce_scatter(ConstBufferView in, BufferView out, ReduceOp op = ReduceOp::sum,
                      std::vector<std::int64_t> counts = {}, double weight = 1,
                      std::string_view label = {}) const;
  /// The contributions of all ranks, one after the other; counts[r] elements come from rank r.
  void all_gather(ConstBufferView in, BufferView out, std::vector<std::int64_t> counts = {},
                  std::string_view label = {}) const;
  /// The same at the root only; `out` of other ranks is not looked at.
  void gather(ConstBufferView in, BufferView out, int root, std::vector<std::int64_t> counts = {},
              std::string_view label = {}) const;
  /// Rank r receives counts[r] elements of the root's `in`; `in` of other ranks is not looked at.
  void scatter(ConstBufferView in, BufferView out, int root, std::vector<std::int64_t> counts = {},
               std::string_view label = {}) const;
  /// send_counts[r] elements go to rank r, receive_counts[r] come from it; without counts the
  /// buffers are cut into `size()` equal parts.
  void all_to_all(ConstBufferView in, BufferView out, std::vector<std::int64_t> send_counts = {},
                  std::vector<std::int64_t> receive_counts = {}, std::string_view label = {}) const;
  /// An all-gather where the nodes' memory is shared: `buffer` lies in memory from
  /// allocate_on_node, rank r has written its counts[r] elements of it, and afterwards every rank
  /// sees all of them. On one node it moves nothing.
  void share(BufferView buffer, std::vector<std::int64_t> counts,
             std::string_view label = {}) const;

  Pending start_all_reduce(BufferView buffer, ReduceOp op = ReduceOp::sum,
                           std::string_view label = {}) const;
  Pending start_reduce_scatter(ConstBufferView in, BufferView out, ReduceOp op = ReduceOp::sum,
                               std::vector<std::int64_t> counts = {}, double weight = 1,
                               std::string_view label = {}) const;
  Pending start_all_gather(ConstBufferView in, BufferView out,
                           std::vector<std::int64_t> counts = {},
                           std::string_view label = {}) const;
  /// Moves started operations along without waiting. Not collective; call it now and then while
  /// computing, where workers live on several nodes.
  void progress() const;

  /// Messages between two ranks; not collective. Tags are in [0, 32767]; messages of one pair and
  /// tag arrive in order. A send may block until the receiver takes the message.
  void send(ConstBufferView data, int to, int tag = 0) const;
  void receive(BufferView data, int from, int tag = 0) const;
  Pending start_send(ConstBufferView data, int to, int tag = 0) const;
  Pending start_receive(BufferView data, int from, int tag = 0) const;

  /// Zeroed memory of `bytes` for each rank, which the node's other ranks can read and write.
  /// `bytes` may differ between ranks.
  SharedBuffer allocate(std::int64_t bytes) const;
  /// Zeroed memory of which each node has one copy, the same for all its ranks. `bytes` must agree.
  SharedBuffer allocate_on_node(std::int64_t bytes) const;

 private:
  friend class ByteChannel;  // a channel waits as an operation of the group does

  std::shared_ptr<Group> group_;
};

}  // namespace dga
