// SPDX-License-Identifier: Apache-2.0
//
// Collective: one worker's part in one collective operation. The algorithms (collectives.h) use its
// functions to publish buffers, arrive, read the neighbours and exchange messages with other nodes.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dga/comm/arena/group.h"
#include "dga/comm/collectives/operation.h"
#include "dga/comm/collectives/signature.h"
#include "dga/comm/collectives/steps.h"
#include "dga/comm/worker_blocks.h"

namespace dga {

/// The arguments of the call, already checked. Which fields are used depends on the kind.
struct CollectiveArgs {
  CollectiveKind kind = CollectiveKind::barrier;
  ConstBufferView in{};
  BufferView out{};
  ReduceOp op = ReduceOp::sum;
  int root = 0;
  double weight = 1;
  /// Number of elements for each rank: of the result (reduce_scatter), of the contributions
  /// (gathers, share), of the slices (scatter), or that this rank sends (all_to_all). One entry per
  /// rank; empty for other kinds.
  std::vector<std::int64_t> counts{};
  /// all_to_all: number of elements that this rank receives from each rank.
  std::vector<std::int64_t> receive_counts{};
  /// all_reduce: if it is cut into pieces, the elements of the whole and where this piece begins.
  std::int64_t whole_count = 0;
  std::int64_t first = 0;
  /// reduce_partials: the workers that the ranks carry.
  std::optional<WorkerBlocks> blocks{};
  /// Holds what `in` refers to, where the caller's input lies in the memory of the output.
  std::vector<std::byte> input_copy{};
  std::string_view label{};
};

class Collective final : public Operation {
 public:
  /// Takes the next operation number of the group and runs to the first wait. Before, blocks until
  /// all workers have finished the operation Group::kSlots earlier. Throws WorkerFailure if the
  /// world has failed.
  Collective(std::shared_ptr<Group> group, CollectiveArgs args);
  /// If the operation is incomplete, waits until no neighbour accesses the buffers (see
  /// World::leave_unread).
  ~Collective() override;

  bool test() override;
  WaitWord* sleeps_on() override;
  bool needs_progress() const noexcept override { return group_->wire() != nullptr && !complete_; }
  std::string describe() const override;
  std::vector<int> missing() const override;
  Inquiry inquiry() const override;

  // --- for the algorithms
  Group& group() const noexcept { return *group_; }
  const CollectiveArgs& args() const noexcept { return args_; }

  /// Lets neighbours read [data, data + bytes): in place if they can see the memory, else as a
  /// copy. Before arrive().
  void publish(const void* data, std::int64_t bytes);
  /// Lets neighbours read and write `bytes` at the returned address, which is `data` if they can
  /// see that memory, else a copy. If a copy was made, `take_back` copies it back to `data`. Before
  /// arrive().
  std::byte* expose(void* data, std::int64_t bytes);
  void take_back();
  /// Memory for data from other nodes. Neighbours can read it after they have awaited relays().
  /// Before arrive().
  std::byte* relay_buffer(std::int64_t bytes);
  /// Memory that only this worker uses, valid until the operation is destroyed.
  std::byte* scratch(std::int64_t bytes);

  /// Tells the neighbours that everything is published.
  void arrive();
  /// Awaitable: completes when all local ranks have published. Call check_signatures() next.
  Awaited arrivals() noexcept;
  /// Throws Error if the workers of this node did not all call the same operation.
  void check_signatures() const;
  /// Tells the neighbours that this worker's relay buffer is filled.
  void relay_filled();
  /// Awaitable: completes when the relay buffers of all local ranks are filled.
  Awaited relays() noexcept;
  /// Tells the neighbours that this worker no longer accesses their buffers.
  void finish();
  /// Awaitable: completes when no local rank accesses this worker's buffers any more. Must be
  /// awaited before the buffers are reused, unless all_inline().
  Awaited finished() noexcept;
  /// Whether everything that this worker published lies in its inline payload.
  bool all_inline() const noexcept;

  /// The buffers of the rank with this local rank on this node: its input, as published or exposed,
  /// and what it relays from other nodes. The memory may only be accessed under a World::ReadGuard.
  const std::byte* in_of(int local);
  std::byte* exposed_of(int local) { return const_cast<std::byte*>(in_of(local)); }
  const std::byte* relay_of(int local);
  double weight_of(int local) const;

  /// Between nodes: exchanges empty messages with all other nodes, which show that they have called
  /// the same. Needed where a node could otherwise complete the operation without having heard from
  /// every other one, as in a broadcast. Before the other messages of the operation.
  void meet();
  /// Start a message to or from a rank on another node. The buffer must stay alive until wire() has
  /// been awaited.
  void send(int rank, const void* data, std::int64_t bytes);
  void receive(int rank, void* data, std::int64_t bytes);
  /// all_to_all: throws Error unless this worker expects `found` elements from `rank`.
  void check_part(int rank, std::int64_t found) const;
  /// Awaitable: completes when all started messages are complete.
  Awaited wire() noexcept { return {Awaited::What::wire, nullptr, 0}; }

 private:
  // The head of every message between nodes, so that a receiver in another operation reports the
  // mismatch instead of using the wrong bytes.
  struct Envelope {
    Signature signature;
    std::uint64_t number = 0;
  };
  struct Message {
    Wire::Request request = 0;
    int peer = 0;
    bool receives = false;
    bool done = false;
  };
  enum Stage : std::uint64_t { arrived_stage = 1, relayed_stage = 2, finished_stage = 3 };

  Descriptor& own() const noexcept { return group_->descriptor(group_->my_local(), number_); }
  std::uint32_t round() const noexcept;
  void wait_for_slot();
  std::vector<int> absent_from(std::uint64_t stage) const;
  void mark(Stage stage) noexcept;
  void check_message(int rank, std::string_view head, std::int64_t bytes) const;
  std::string own_name() const;
  bool wire_done();
  const std::byte* resolve(const Region& region, int local);
  Region visible(const void* data, std::int64_t bytes);

  std::shared_ptr<Group> group_;
  CollectiveArgs args_;
  std::uint64_t number_ = 0;
  Signature signature_;
  Stage awaited_stage_ = arrived_stage;
  bool finished_ = false;
  bool complete_ = false;

  void* home_ = nullptr;  // where take_back copies the exposed copy; null if there is none
  std::byte* exposed_ = nullptr;
  std::int64_t exposed_bytes_ = 0;
  std::vector<Segment> staging_;
  std::vector<std::unique_ptr<std::byte[]>> scratch_;

  std::vector<Message> messages_;
  Steps steps_;
};

}  // namespace dga
