// SPDX-License-Identifier: Apache-2.0
//
// Mailbox: a worker's messages to and from single other workers, with tags. Between neighbours a
// message is streamed through the pair's ring; between nodes it goes over the wire.

#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "dga/comm/arena/group.h"
#include "dga/comm/collectives/operation.h"

namespace dga {

/// One message, from the sender's or the receiver's side.
class Transfer : public Operation {
 public:
  enum class Direction : std::uint8_t { send, receive };

  /// `peer`: group rank. The buffer must live until the transfer is complete or destroyed.
  Transfer(std::shared_ptr<Group> group, Direction direction, int peer, int tag, void* data,
           std::int64_t bytes);
  ~Transfer() override;

  bool test() override;
  WaitWord* sleeps_on() override;
  bool needs_progress() const noexcept override { return !complete_; }
  std::string describe() const override;
  std::vector<int> missing() const override;

 private:
  friend class Mailbox;

  std::shared_ptr<Group> group_;
  Direction direction_;
  int peer_;
  int peer_local_ = -1;  // on this node, else -1
  int tag_;
  std::byte* data_;
  std::int64_t bytes_;
  std::int64_t moved_ = 0;  // of header and data, on this node
  bool complete_ = false;
  Wire::Request request_ = 0;
};

/// Per group and worker. Messages of one pair and tag are received in the order they were sent.
class Mailbox {
 public:
  explicit Mailbox(Group& group);

  void post(Transfer& transfer);
  void withdraw(Transfer& transfer);
  /// Moves what can be moved to or from `peer_local`.
  void progress(int peer_local);

 private:
  struct Header {
    std::int64_t tag = 0;
    std::int64_t bytes = 0;
  };
  // A message that came before anybody asked for it.
  struct Early {
    std::int64_t tag = 0;
    std::vector<std::byte> data;
    bool whole = false;
  };
  struct Peer {
    std::deque<Transfer*> sends;    // the front one is being streamed
    std::list<Transfer*> receives;  // in the order of their posting
    std::list<Early> early;
    // The message that is arriving now.
    Header header;
    std::int64_t header_read = 0;
    std::int64_t data_read = 0;
    Transfer* into = nullptr;
    Early* into_early = nullptr;
  };

  void push(Peer& peer, int peer_local);
  void pull(Peer& peer, int peer_local);
  void begin_message(Peer& peer);
  bool take_early(Peer& peer, Transfer& transfer);
  static void check_size(const Transfer& transfer, std::int64_t found);

  Group& group_;
  std::vector<Peer> peers_;  // by local rank
};

}  // namespace dga
