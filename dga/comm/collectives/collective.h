// SPDX-License-Identifier: Apache-2.0
//
// Collective: one worker's part in one collective operation. The algorithms (collectives.h) are
// written with the tools of this class: publish, arrive, read the neighbours, send to other nodes.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dga/comm/arena/group.h"
#include "dga/comm/collectives/operation.h"
#include "dga/comm/collectives/steps.h"

namespace dga {

enum class CollectiveKind : std::uint8_t {
  barrier,
  broadcast,
  reduce,
  all_reduce,
  reduce_scatter,
  all_gather,
  gather,
  scatter,
  all_to_all,
  share,
  exchange,
};
std::string_view collective_name(CollectiveKind kind) noexcept;

/// What the caller asked for. Which fields matter depends on the kind.
struct CollectiveArgs {
  CollectiveKind kind = CollectiveKind::barrier;
  ConstBufferView in{};
  BufferView out{};
  ReduceOp op = ReduceOp::sum;
  int root = 0;
  double weight = 1;
  /// Elements a rank: of the result (reduce_scatter), of each contribution (gathers, scatter), that
  /// this rank sends to each (all_to_all). Always as many as the group has ranks, or empty.
  std::vector<std::int64_t> counts{};
  /// all_to_all: elements that this rank receives from each.
  std::vector<std::int64_t> receive_counts{};
  std::string_view label{};
};

class Collective final : public Operation {
 public:
  /// Takes the next operation number of the group and runs up to the first wait.
  Collective(std::shared_ptr<Group> group, CollectiveArgs args);
  /// Left unfinished (an exception is under way), it returns once nobody reads the buffers.
  ~Collective() override;

  bool test() override;
  WaitWord* sleeps_on() override;
  bool needs_progress() const noexcept override { return group_->wire() != nullptr && !complete_; }
  std::string describe() const override;
  std::vector<int> missing() const override;

  // --- tools of the algorithms
  Group& group() const noexcept { return *group_; }
  const CollectiveArgs& args() const noexcept { return args_; }

  /// Lets neighbours read [data, data + bytes): as it is where they can see it, else as a copy.
  void publish(const void* data, std::int64_t bytes);
  /// Lets neighbours read and write the place returned: `data` itself where they can see it, else a
  /// copy, which `take_back` brings home.
  std::byte* expose(void* data, std::int64_t bytes);
  void take_back();
  /// Memory for what arrives from other nodes, which neighbours can read after `relay_filled`.
  std::byte* relay_buffer(std::int64_t bytes);
  /// Memory of this operation's own, until its end.
  std::byte* scratch(std::int64_t bytes);

  /// Publishing is over.
  void arrive();
  Awaited arrivals() noexcept;  ///< then check_signatures
  /// Throws Error when the workers of this node did not all call the same operation.
  void check_signatures() const;
  void relay_filled();
  Awaited relays() noexcept;
  /// This worker reads no neighbour's buffers any more.
  void finish();
  /// Awaited unless everything this worker published was inline.
  Awaited finished() noexcept;
  bool all_inline() const noexcept;

  /// What the neighbour published, exposed or relayed; only under a ReadGuard.
  const std::byte* in_of(int local);
  std::byte* exposed_of(int local) { return const_cast<std::byte*>(in_of(local)); }
  const std::byte* relay_of(int local);
  double weight_of(int local) const;

  /// Messages between nodes; the buffers must live until `wire()` was awaited.
  void send(int rank, const void* data, std::int64_t bytes);
  void receive(int rank, void* data, std::int64_t bytes);
  Awaited wire() noexcept { return {Awaited::What::wire, nullptr, 0}; }

 private:
  // Travels before every message between nodes, so that a worker in another operation is told so
  // instead of being given the wrong bytes.
  struct Envelope {
    Signature signature;
    std::uint64_t number = 0;
  };
  struct Message {
    Wire::Request request = 0;
    int peer = 0;
    bool done = false;
    const Envelope* envelope = nullptr;  // to be checked once received
  };
  enum Stage : std::uint64_t { arrived_stage = 1, relayed_stage = 2, finished_stage = 3 };

  Descriptor& own() const noexcept { return group_->descriptor(group_->my_local(), number_); }
  std::uint32_t round() const noexcept;
  void wait_for_slot();
  void mark(Stage stage) noexcept;
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

  void* home_ = nullptr;  // where an exposed copy belongs
  std::byte* exposed_ = nullptr;
  std::int64_t exposed_bytes_ = 0;
  std::vector<Segment> staging_;
  std::vector<std::unique_ptr<std::byte[]>> scratch_;

  Envelope envelope_;
  std::vector<std::unique_ptr<Envelope>> received_envelopes_;
  std::vector<Message> messages_;
  Steps steps_;
};

}  // namespace dga
