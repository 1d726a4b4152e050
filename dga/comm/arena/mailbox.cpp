// SPDX-License-Identifier: Apache-2.0

#include "dga/comm/arena/mailbox.h"

#include <algorithm>
#include <cstring>

#include "dga/base/error.h"

namespace dga {

Transfer::Transfer(std::shared_ptr<Group> group, Direction direction, int peer, int tag, void* data,
                   std::int64_t bytes)
    : group_(std::move(group)),
      direction_(direction),
      peer_(peer),
      tag_(tag),
      data_(static_cast<std::byte*>(data)),
      bytes_(bytes) {
  const char* what = direction == Direction::send ? "send" : "receive";
  DGA_CHECK(peer >= 0 && peer < group_->size(), "[comm] ", what, ": expected a rank in [0, ",
            group_->size(), "), found ", peer, ". Pass a rank of this communicator.");
  DGA_CHECK(tag >= 0 && tag <= Wire::kMaxTag, "[comm] ", what, ": expected a tag in [0, ",
            Wire::kMaxTag, "], found ", tag, ". Choose another tag.");
  group_->world().check();
  if (group_->node_of(peer) == group_->my_node()) {
    const auto& locals = group_->locals();
    peer_local_ = static_cast<int>(std::find(locals.begin(), locals.end(), peer) - locals.begin());
    group_->mailbox().post(*this);
  } else if (direction == Direction::send) {
    request_ = group_->wire()->start_send(peer, tag, Traffic::user, {}, data, bytes);
  } else {
    request_ = group_->wire()->start_receive(
        peer, tag, Traffic::user, data, bytes,
        [this](std::string_view, std::int64_t found) { check_size(found); });
  }
  number_ = group_->mailbox().take_number(direction, peer, tag);
  group_->world().active().push_back(this);
}

Transfer::~Transfer() {
  auto& active = group_->world().active();
  active.erase(std::remove(active.begin(), active.end(), this), active.end());
  if (complete_) {
    return;
  }
  if (direction_ == Direction::receive) {
    group_->mailbox().give_number_back(direction_, peer_, tag_);
  }
  if (peer_local_ >= 0) {
    group_->mailbox().withdraw(*this);
  } else {
    group_->wire()->cancel({&request_, 1});
  }
}

bool Transfer::test() {
  if (!complete_) {
    if (peer_local_ >= 0) {
      group_->mailbox().progress(peer_local_);
    } else {
      complete_ = group_->wire()->test(request_);
    }
  }
  return complete_;
}

WaitWord* Transfer::sleeps_on() {
  if (peer_local_ < 0) {
    return nullptr;
  }
  const int me = group_->my_local();
  return direction_ == Direction::send ? &group_->ring(me, peer_local_).drained()
                                       : &group_->ring(peer_local_, me).filled();
}

std::string Transfer::describe() const {
  return str(direction_ == Direction::send ? "send to " : "receive from ",
             group_->world().name_of(group_->world_rank(peer_)), " (tag ", tag_, ", ", bytes_,
             " bytes)");
}

std::vector<int> Transfer::missing() const {
  return {group_->world_rank(peer_)};
}

Inquiry Transfer::inquiry() const {
  // A short message may be under way to a worker that does not receive it yet.
  constexpr std::int64_t kMostBuffered = std::int64_t{64} << 10;
  Inquiry inquiry;
  if (direction_ == Direction::receive) {
    inquiry.what = Inquiry::What::receive;
  } else if (bytes_ > kMostBuffered) {
    inquiry.what = Inquiry::What::send;
  }
  inquiry.group = group_->id();
  inquiry.number = number_;
  inquiry.tag = tag_;
  return inquiry;
}

void Transfer::check_size(std::int64_t found) const {
  if (found != bytes_) {
    throw Error(str("[comm] ", describe(), " on ", group_->world().name_of(group_->world().rank()),
                    ": expected ", bytes_, " bytes, found a message of ", found,
                    ". Send and receive the same count."));
  }
}

Mailbox::Mailbox(Group& group)
    : group_(group), peers_(static_cast<std::size_t>(group.num_locals())) {}

void Mailbox::post(Transfer& transfer) {
  Peer& peer = peers_[static_cast<std::size_t>(transfer.peer_local_)];
  if (transfer.direction_ == Transfer::Direction::send) {
    peer.sends.push_back(&transfer);
  } else if (!take_early(peer, transfer)) {
    peer.receives.push_back(&transfer);
  }
}

void Mailbox::withdraw(Transfer& transfer) {
  Peer& peer = peers_[static_cast<std::size_t>(transfer.peer_local_)];
  peer.sends.erase(std::remove(peer.sends.begin(), peer.sends.end(), &transfer), peer.sends.end());
  peer.receives.remove(&transfer);
  if (peer.into == &transfer) {
    // The rest of the message will still arrive. It is kept for the next receive with its tag.
    peer.early.push_back(
        {transfer.tag_, std::vector<std::byte>(static_cast<std::size_t>(peer.header.bytes))});
    std::copy_n(transfer.data_, peer.data_read, peer.early.back().data.begin());
    peer.into_early = &peer.early.back();
    peer.into = nullptr;
  }
}

void Mailbox::progress(int peer_local) {
  Peer& peer = peers_[static_cast<std::size_t>(peer_local)];
  push(peer, peer_local);
  pull(peer, peer_local);
}

void Mailbox::push(Peer& peer, int peer_local) {
  Ring& ring = group_.ring(group_.my_local(), peer_local);
  const std::int64_t capacity = group_.ring_bytes();
  constexpr std::int64_t kHeader = sizeof(Header);
  while (!peer.sends.empty()) {
    Transfer& transfer = *peer.sends.front();
    if (transfer.moved_ < kHeader) {
      const Header header{transfer.tag_, transfer.bytes_};
      transfer.moved_ += ring.write(reinterpret_cast<const std::byte*>(&header) + transfer.moved_,
                                    kHeader - transfer.moved_, capacity);
      if (transfer.moved_ < kHeader) {
        return;
      }
    }
    const std::int64_t sent = transfer.moved_ - kHeader;
    transfer.moved_ += ring.write(transfer.data_ + sent, transfer.bytes_ - sent, capacity);
    if (transfer.moved_ < kHeader + transfer.bytes_) {
      return;
    }
    transfer.complete_ = true;
    peer.sends.pop_front();
  }
}

void Mailbox::begin_message(Peer& peer) {
  const auto wanted =
      std::find_if(peer.receives.begin(), peer.receives.end(),
                   [&](const Transfer* receive) { return receive->tag_ == peer.header.tag; });
  if (wanted != peer.receives.end() && (*wanted)->bytes_ == peer.header.bytes) {
    peer.into = *wanted;
    peer.receives.erase(wanted);
    return;
  }
  peer.early.push_back(
      {peer.header.tag, std::vector<std::byte>(static_cast<std::size_t>(peer.header.bytes))});
  peer.into_early = &peer.early.back();
  if (wanted != peer.receives.end()) {
    // The message waits for a receive that fits, so that the stream stays readable.
    (*wanted)->check_size(peer.header.bytes);
  }
}

void Mailbox::pull(Peer& peer, int peer_local) {
  // Reads only while a receive is posted. Otherwise the ring fills up and the sender has to wait,
  // which bounds the memory for early messages.
  while (!peer.receives.empty() || peer.into != nullptr) {
    if (!pull_header(peer, peer_local) || !pull_data(peer, peer_local)) {
      return;
    }
  }
}

/// Whether the header of a message is there.
bool Mailbox::pull_header(Peer& peer, int peer_local) {
  constexpr std::int64_t kHeader = sizeof(Header);
  if (peer.header_read == kHeader) {
    return true;
  }
  Ring& ring = group_.ring(peer_local, group_.my_local());
  peer.header_read += ring.read(reinterpret_cast<std::byte*>(&peer.header) + peer.header_read,
                                kHeader - peer.header_read, group_.ring_bytes());
  if (peer.header_read < kHeader) {
    return false;
  }
  begin_message(peer);
  return true;
}

/// Whether the message whose header is there is complete.
bool Mailbox::pull_data(Peer& peer, int peer_local) {
  Ring& ring = group_.ring(peer_local, group_.my_local());
  std::byte* data = peer.into != nullptr ? peer.into->data_ : peer.into_early->data.data();
  peer.data_read +=
      ring.read(data + peer.data_read, peer.header.bytes - peer.data_read, group_.ring_bytes());
  if (peer.data_read < peer.header.bytes) {
    return false;
  }
  if (peer.into != nullptr) {
    peer.into->complete_ = true;
  } else {
    peer.into_early->whole = true;
  }
  peer.into = nullptr;
  peer.into_early = nullptr;
  peer.header_read = 0;
  peer.data_read = 0;
  return true;
}

std::optional<int> Mailbox::poll_sender(int tag) {
  for (int local = 0; local < group_.num_locals(); ++local) {
    Peer& peer = peers_[static_cast<std::size_t>(local)];
    progress(local);
    const auto arriving = [&] {
      return std::any_of(peer.early.begin(), peer.early.end(),
                         [&](const Early& early) { return early.tag == tag; });
    };
    // Messages with other tags are taken out of the way, as when a receive is posted.
    while (!arriving() && pull_header(peer, local) && !arriving() && pull_data(peer, local)) {
    }
    if (arriving()) {
      return group_.locals()[static_cast<std::size_t>(local)];
    }
  }
  return std::nullopt;
}

bool Mailbox::take_early(Peer& peer, Transfer& transfer) {
  const auto found = std::find_if(peer.early.begin(), peer.early.end(),
                                  [&](const Early& early) { return early.tag == transfer.tag_; });
  if (found == peer.early.end()) {
    return false;
  }
  transfer.check_size(static_cast<std::int64_t>(found->data.size()));
  if (!found->whole) {
    // The message is still arriving: the rest goes directly into the receiver's buffer.
    std::copy_n(found->data.begin(), peer.data_read, transfer.data_);
    peer.into = &transfer;
    peer.into_early = nullptr;
  } else {
    std::copy(found->data.begin(), found->data.end(), transfer.data_);
    transfer.complete_ = true;
  }
  peer.early.erase(found);
  return true;
}

}  // namespace dga
