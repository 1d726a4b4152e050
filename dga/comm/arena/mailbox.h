// SPDX-License-Identifier: Apache-2.0
//
// Transfer: one message between two workers, as sent or received by this one. Mailbox: streams the
// messages between workers of one node through their rings. Between nodes a Transfer uses the wire.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dga/comm/arena/group.h"
#include "dga/comm/collectives/operation.h"

namespace dga {

/// One message, on the sender's or the receiver's side.
class Transfer : public Operation {
 public:
  enum class Direction : std::uint8_t { send, receive };

  /// Starts the transfer. `peer` is a group rank. The buffer must stay alive until the transfer is
  /// complete or destroyed. Throws InvalidArgument for a rank or tag out of range, WorkerFailure if
  /// the world has failed.
  Transfer(std::shared_ptr<Group> group, Direction direction, int peer, int tag, void* data,
           std::int64_t bytes);
  ~Transfer() override;

  bool test() override;
  WaitWord* sleeps_on() override;
  bool needs_progress() const noexcept override { return !complete_; }
  std::string describe() const override;
  std::vector<int> missing() const override;
  Inquiry inquiry() const override;

 private:
  friend class Mailbox;

  /// Throws Error unless a message of `found` bytes is the expected one.
  void check_size(std::int64_t found) const;

  std::shared_ptr<Group> group_;
  Direction direction_;
  int peer_;
  int peer_local_ = -1;  // local rank of the peer; -1 if it is on another node
  int tag_;
  std::byte* data_;
  std::int64_t bytes_;
  std::uint64_t number_ = 0;  // among those with this direction, peer and tag
  std::int64_t moved_ = 0;    // bytes of header and data sent through the ring
  bool complete_ = false;
  Wire::Request request_ = 0;
};

/// Each worker has one for each of its groups. Messages of one pair and tag are received in the
/// order in which they were sent.
class Mailbox {
 public:
  explicit Mailbox(Group& group);

  void post(Transfer& transfer);
  /// Forgets a transfer that is destroyed before it is complete.
  void withdraw(Transfer& transfer);
  /// Moves as many bytes to and from `peer_local` as the rings allow.
  void progress(int peer_local);
  /// The group rank of a worker of this node from which a message with this tag has begun to
  /// arrive, for which no receive is posted.
  std::optional<int> poll_sender(int tag);

  /// The number of the next message with this direction, peer (a group rank) and tag.
  std::uint64_t take_number(Transfer::Direction direction, int peer, int tag) {
    return num_started_[{peer, tag}][static_cast<std::size_t>(direction)]++;
  }
  /// After a receive that was given up: the next one gets its message.
  void give_number_back(Transfer::Direction direction, int peer, int tag) {
    --num_started_[{peer, tag}][static_cast<std::size_t>(direction)];
  }
  /// Whether this worker has started message `number`.
  bool has_started(Transfer::Direction direction, int peer, int tag, std::uint64_t number) const {
    const auto found = num_started_.find({peer, tag});
    return found != num_started_.end() &&
           found->second[static_cast<std::size_t>(direction)] > number;
  }

 private:
  struct Header {
    std::int64_t tag = 0;
    std::int64_t bytes = 0;
  };
  // A message for which no receive was posted when it arrived.
  struct Early {
    std::int64_t tag = 0;
    std::vector<std::byte> data;
    bool whole = false;
  };
  struct Peer {
    std::deque<Transfer*> sends;    // the front one is being streamed
    std::list<Transfer*> receives;  // in the order in which they were posted
    std::list<Early> early;
    // The message that is arriving; its data goes to one of `into` and `into_early`.
    Header header;
    std::int64_t header_read = 0;
    std::int64_t data_read = 0;
    Transfer* into = nullptr;
    Early* into_early = nullptr;
  };

  void push(Peer& peer, int peer_local);
  void pull(Peer& peer, int peer_local);
  bool pull_header(Peer& peer, int peer_local);
  bool pull_data(Peer& peer, int peer_local);
  void begin_message(Peer& peer);
  bool take_early(Peer& peer, Transfer& transfer);

  Group& group_;
  std::vector<Peer> peers_;                                                  // by local rank
  std::map<std::pair<int, int>, std::array<std::uint64_t, 2>> num_started_;  // by peer and tag
};

}  // namespace dga
