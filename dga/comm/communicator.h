// SPDX-License-Identifier: Apache-2.0
//
// Communicator: collective operations and messages between workers. The calls and the bits of their
// results are the same on threads, processes and MPI: floating-point sums follow the fixed tree
// (fixed_tree.h) on every engine.

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
#include "dga/comm/worker_blocks.h"

namespace dga {

class ByteChannel;
class Group;

/// A group of workers, each with a rank in [0, size()). Copies refer to the same group and are
/// cheap. Not thread-safe: all communicators of a worker must be used by one thread at a time.
///
/// Every operation is collective unless its description says otherwise: all ranks of the group call
/// the same operations in the same order, with equal counts, types, roots and labels. A call that
/// does not match those of the other ranks is an error on every rank.
///
/// Input and output may overlap: where they do, the operation reads a copy of the input, unless the
/// shorter buffer is this rank's own slice of the longer one. This costs memory and time.
///
/// An operation blocks until this rank may reuse its buffers. It throws InvalidArgument for wrong
/// arguments, Error for calls that do not match, and WorkerFailure if another worker fails or does
/// not arrive before the timeout.
///
/// The start_ forms return a Pending without waiting for the result. Until its wait() has returned
/// or its test() has returned true, the buffers must stay alive, input must not be written, and
/// output must not be read or written. Any number may be in progress; the 65th collective of a
/// communicator that is started blocks until all ranks have called the first.
///
/// Buffers may be in any memory. Workers of the same node read buffers from `allocate` in place.
/// Other large buffers are copied once in and once out if the workers are processes; threads read
/// them in place too.
///
/// `label` names the operation in errors. It is also compared: ranks with different labels are an
/// error. Only the first 39 bytes count.
class Communicator {
 public:
  explicit Communicator(std::shared_ptr<Group> group);

  int rank() const noexcept;
  int size() const noexcept;
  /// The node of each rank of this group. Nodes are numbered from 0 in the order of their first
  /// rank. Not collective.
  Placement placement() const;

  /// Tells the launcher how many steps this worker has taken, for its decisions about restarts
  /// (LaunchOptions::max_restarts). GradientAccumulator calls it. Not collective.
  void note_steps(std::int64_t steps) const noexcept;

  /// Creates one new group for each `color` of 0 or more and returns this rank's. Ranks in it are
  /// ordered by (key, old rank).
  Communicator split(int color, int key) const;

  void barrier(std::string_view label = {}) const;
  /// Copies the elements of `root` to all ranks.
  void broadcast(BufferView buffer, int root, std::string_view label = {}) const;
  /// Combines the elements of all ranks and leaves the result in `buffer` on every rank, with the
  /// same bits.
  void all_reduce(BufferView buffer, ReduceOp op = ReduceOp::sum,
                  std::string_view label = {}) const;
  /// Like all_reduce, but only `root` receives the result, in `out`. Other ranks' `out` is ignored.
  void reduce(ConstBufferView in, BufferView out, int root, ReduceOp op = ReduceOp::sum,
              std::string_view label = {}) const;
  /// Combines `in` of all ranks, sum(counts) elements each, and gives slice r of the result to rank
  /// r. Slice r has counts[r] elements and follows slice r - 1. Without counts, in.count must be a
  /// multiple of size() and all slices are equal. This rank's elements are multiplied by `weight`
  /// before they are combined. Ranks may pass different weights; a weight other than 1 needs a sum
  /// of floating-point elements.
  void reduce_scatter(ConstBufferView in, BufferView out, ReduceOp op = ReduceOp::sum,
                      std::vector<std::int64_t> counts = {}, double weight = 1,
                      std::string_view label = {}) const;
  /// Concatenates the contributions of all ranks in `out`, in the order of the ranks. Rank r
  /// contributes counts[r] elements; without counts all contribute in.count.
  void all_gather(ConstBufferView in, BufferView out, std::vector<std::int64_t> counts = {},
                  std::string_view label = {}) const;
  /// Like all_gather, but only `root` receives the result. Other ranks' `out` is ignored.
  void gather(ConstBufferView in, BufferView out, int root, std::vector<std::int64_t> counts = {},
              std::string_view label = {}) const;
  /// Cuts the root's `in` into consecutive slices of counts[r] elements and gives slice r to rank
  /// r. Without counts every slice has out.count elements. Other ranks' `in` is ignored.
  void scatter(ConstBufferView in, BufferView out, int root, std::vector<std::int64_t> counts = {},
               std::string_view label = {}) const;
  /// Sends send_counts[r] elements of `in` to rank r and receives receive_counts[r] elements from
  /// it into `out`, both in the order of the ranks. Counts may differ between ranks, but each pair
  /// must agree. Without counts a buffer consists of size() equal parts.
  void all_to_all(ConstBufferView in, BufferView out, std::vector<std::int64_t> send_counts = {},
                  std::vector<std::int64_t> receive_counts = {}, std::string_view label = {}) const;
  /// An in-place all-gather over memory from allocate_on_node, in which `buffer` must lie. Before
  /// the call rank r has written slice r of the buffer, counts[r] elements after slice r - 1.
  /// Afterwards every rank sees all slices. Within a node nothing is copied.
  void share(BufferView buffer, std::vector<std::int64_t> counts,
             std::string_view label = {}) const;

  /// The same operations, started without waiting for the other ranks; see the class.
  Pending start_all_reduce(BufferView buffer, ReduceOp op = ReduceOp::sum,
                           std::string_view label = {}) const;
  Pending start_reduce_scatter(ConstBufferView in, BufferView out, ReduceOp op = ReduceOp::sum,
                               std::vector<std::int64_t> counts = {}, double weight = 1,
                               std::string_view label = {}) const;
  /// A reduce_scatter by ranks that carry several workers each: adds up the elements of all workers
  /// along the fixed tree over the workers, not over the ranks. Before the call, each rank has
  /// added up those of its own workers: `in` has a partial sum for each node of
  /// blocks.cover_of(rank()), one after the other, sum(counts) elements each, in f32 where `out`
  /// has f16 or bf16.
  Pending start_reduce_scatter_partials(ConstBufferView in, BufferView out,
                                        const WorkerBlocks& blocks,
                                        std::vector<std::int64_t> counts,
                                        std::string_view label = {}) const;
  Pending start_all_gather(ConstBufferView in, BufferView out,
                           std::vector<std::int64_t> counts = {},
                           std::string_view label = {}) const;
  /// Advances all operations that this worker has started, without waiting. Not collective. Call it
  /// from time to time during a computation if the workers are on several nodes.
  void progress() const;

  /// Messages from one rank to another. Not collective: only the two ranks call. Tags are in
  /// [0, 32767]. Messages with the same ranks and tag arrive in the order in which they were sent.
  /// Both sides must pass the same number of bytes. A send may block until the receiver takes the
  /// message.
  void send(ConstBufferView data, int to, int tag = 0) const;
  void receive(BufferView data, int from, int tag = 0) const;
  /// Receives a message with this tag from whichever rank sends one, and returns that rank. Which
  /// one is first may differ between runs. Fails once all other ranks have returned.
  int receive_any(BufferView data, int tag = 0) const;
  Pending start_send(ConstBufferView data, int to, int tag = 0) const;
  Pending start_receive(BufferView data, int from, int tag = 0) const;

  /// Allocates `bytes` of zeroed memory for each rank, which the other ranks of the node can read
  /// and write. `bytes` may differ between ranks. Throws Error if the system refuses the memory.
  SharedBuffer allocate(std::int64_t bytes) const;
  /// Allocates `bytes` of zeroed memory for each node, shared by all its ranks. Throws
  /// InvalidArgument if ranks of a node pass different sizes, and Error if the system refuses the
  /// memory.
  SharedBuffer allocate_on_node(std::int64_t bytes) const;

 private:
  friend class ByteChannel;  // waits through the group's World

  std::shared_ptr<Group> group_;
};

}  // namespace dga
