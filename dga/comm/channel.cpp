// SPDX-License-Identifier: Apache-2.0

#include "dga/comm/channel.h"

#include <array>
#include <deque>
#include <utility>

#include "dga/base/error.h"
#include "dga/comm/arena/group.h"
#include "dga/comm/arena/ring.h"
#include "dga/comm/arena/world.h"

namespace dga {
namespace {

// Ranks in the communicator of the two ends.
constexpr int kSender = 0;
constexpr int kReceiver = 1;
// Sent in place of a message's length when the sender closes the channel.
constexpr std::int64_t kClosed = -1;

void check_size(std::int64_t bytes, std::int64_t max_bytes) {
  DGA_CHECK(bytes <= max_bytes, "[comm] channel: expected messages of at most ", max_bytes,
            " bytes, found ", bytes, ". Raise max_count.");
}

/// Both ends on one node: a ring with room for `capacity` messages of the largest size, each
/// preceded by its length.
class RingChannel final : public ByteChannel {
 public:
  RingChannel(Communicator pair, std::shared_ptr<World> world, int partner,
              const ChannelOptions& options, std::int64_t max_bytes)
      : pair_(std::move(pair)),
        world_(std::move(world)),
        partner_(partner),
        max_bytes_(max_bytes),
        ring_bytes_(options.capacity * (max_bytes + kLength)),
        memory_(pair_.allocate_on_node(Ring::footprint(ring_bytes_))),
        ring_(memory_.as<Ring>()) {}

  void push(const void* data, std::int64_t bytes) override {
    check_size(bytes, max_bytes_);
    append(bytes, data, bytes);
  }
  void close() override { append(kClosed, nullptr, 0); }

  std::optional<std::int64_t> next() override {
    std::int64_t length = 0;
    await(
        ring_->filled(), [&] { return ring_->readable() >= kLength; }, "a message");
    ring_->read(&length, kLength, ring_bytes_);
    return length == kClosed ? std::nullopt : std::optional(length);
  }
  void pop(void* data, std::int64_t bytes) override {
    await(
        ring_->filled(), [&] { return ring_->readable() >= bytes; }, "a message");
    ring_->read(data, bytes, ring_bytes_);
  }

 private:
  static constexpr std::int64_t kLength = sizeof(std::int64_t);

  void append(std::int64_t length, const void* data, std::int64_t bytes) {
    await(
        ring_->drained(), [&] { return ring_bytes_ - ring_->readable() >= kLength + bytes; },
        "room");
    ring_->write(&length, kLength, ring_bytes_);
    ring_->write(data, bytes, ring_bytes_);
  }

  template <typename Ready>
  void await(WaitWord& word, const Ready& ready, const char* what) {
    world_->wait(
        word, ready, [&] { return str("channel, waiting for ", what); },
        [&] { return std::vector<int>{partner_}; });
  }

  Communicator pair_;
  std::shared_ptr<World> world_;
  int partner_;  // world rank of the other end
  std::int64_t max_bytes_;
  std::int64_t ring_bytes_;
  SharedBuffer memory_;
  Ring* ring_;
};

/// The ends on two nodes: each message is a length and then the data. The receiver sends back one
/// byte, a credit, for each message that it has taken.
class WireChannel final : public ByteChannel {
 public:
  WireChannel(Communicator pair, const ChannelOptions& options, std::int64_t max_bytes)
      : pair_(std::move(pair)), capacity_(options.capacity), max_bytes_(max_bytes) {}

  void push(const void* data, std::int64_t bytes) override {
    check_size(bytes, max_bytes_);
    while (static_cast<int>(under_way_.size()) >= capacity_) {
      take_credit();
    }
    start(bytes, data, bytes);
  }
  void close() override {
    start(kClosed, nullptr, 0);
    while (under_way_.size() > 1) {
      take_credit();
    }
    under_way_.front().wait();
    under_way_.clear();
  }

  std::optional<std::int64_t> next() override {
    std::int64_t length = 0;
    pair_.receive({&length, 1}, kSender, kLengthTag);
    return length == kClosed ? std::nullopt : std::optional(length);
  }
  void pop(void* data, std::int64_t bytes) override {
    if (bytes > 0) {
      pair_.receive({data, bytes, DType::u8}, kSender, kDataTag);
    }
    const std::uint8_t credit = 1;
    pair_.send({&credit, 1}, kSender, kCreditTag);
  }

 private:
  static constexpr int kLengthTag = 0;
  static constexpr int kDataTag = 1;
  static constexpr int kCreditTag = 2;

  struct Message {
    std::unique_ptr<std::int64_t> length;
    std::vector<std::byte> data;
    Pending length_sent;
    Pending data_sent;

    void wait() {
      length_sent.wait();
      data_sent.wait();
    }
  };

  void start(std::int64_t length, const void* data, std::int64_t bytes) {
    Message message;
    message.length = std::make_unique<std::int64_t>(length);
    const auto* from = static_cast<const std::byte*>(data);
    message.data.assign(from, from + bytes);
    message.length_sent = pair_.start_send({message.length.get(), 1}, kReceiver, kLengthTag);
    if (bytes > 0) {
      message.data_sent = pair_.start_send(
          {static_cast<const void*>(message.data.data()), bytes, DType::u8}, kReceiver, kDataTag);
    }
    under_way_.push_back(std::move(message));
  }
  void take_credit() {
    std::uint8_t credit = 0;
    pair_.receive({&credit, 1}, kReceiver, kCreditTag);
    under_way_.front().wait();
    under_way_.pop_front();
  }

  Communicator pair_;
  int capacity_;
  std::int64_t max_bytes_;
  std::deque<Message> under_way_;
};

}  // namespace

void ChannelUse::check_send(const char* call) const {
  DGA_CHECK(rank_ == from_, "[comm] channel: expected ", call, " by the sender, rank ", from_,
            ", found it by rank ", rank_, ". Open another channel for messages of this rank.");
  DGA_CHECK(!ended_, "[comm] channel: expected ", call,
            " before close, found it afterwards. Close the channel after the last message.");
}

void ChannelUse::check_receive(const char* call) const {
  DGA_CHECK(rank_ == to_, "[comm] channel: expected ", call, " by the receiver, rank ", to_,
            ", found it by rank ", rank_, ". Open another channel for messages to this rank.");
}

std::unique_ptr<ByteChannel> ByteChannel::open(const Communicator& comm,
                                               const ChannelOptions& options,
                                               std::int64_t max_bytes) {
  DGA_CHECK(options.from != options.to && options.from >= 0 && options.from < comm.size() &&
                options.to >= 0 && options.to < comm.size(),
            "[comm] channel: expected two different ranks in [0, ", comm.size(), "), found ",
            options.from, " and ", options.to, ". Pass ranks of this communicator.");
  DGA_CHECK(options.capacity >= 1 && max_bytes >= 1,
            "[comm] channel: expected a capacity and a max_count of 1 or more, found ",
            options.capacity, " and ", options.max_count, ". Set both options.");
  const bool is_end = comm.rank() == options.from || comm.rank() == options.to;
  Communicator pair = comm.split(is_end ? 0 : 1, comm.rank() == options.from ? kSender : kReceiver);
  if (!is_end) {
    return nullptr;
  }
  if (pair.placement().num_nodes() > 1) {
    return std::make_unique<WireChannel>(std::move(pair), options, max_bytes);
  }
  std::shared_ptr<World> world = pair.group_->shared_world();
  const std::int32_t me = world->rank();
  std::array<std::int32_t, 2> ends{};
  pair.all_gather({&me, 1}, {ends.data(), 2}, {}, "channel");
  const int partner = ends[static_cast<std::size_t>(1 - pair.rank())];
  return std::make_unique<RingChannel>(std::move(pair), std::move(world), partner, options,
                                       max_bytes);
}

}  // namespace dga
