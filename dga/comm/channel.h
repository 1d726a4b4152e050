// SPDX-License-Identifier: Apache-2.0
//
// Channel: a bounded stream of typed messages from one worker to another, for instance of samples
// or activations.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <type_traits>
#include <vector>

#include "dga/comm/communicator.h"

namespace dga {

struct ChannelOptions {
  /// Ranks of the sender and the receiver in the communicator.
  int from = 0;
  int to = 1;
  /// Number of messages of the largest size that the channel holds; `push` blocks while it is full.
  /// Within a node the limit is one of bytes, so more messages fit if they are smaller.
  int capacity = 4;
  /// Number of elements of the largest message; at least 1.
  std::int64_t max_count = 0;
};

/// The transport of a Channel: a ring in shared memory if both ends are on one node, otherwise
/// messages, whose number is limited by credits that the receiver sends back.
class ByteChannel {
 public:
  ByteChannel() = default;
  ByteChannel(const ByteChannel&) = delete;
  ByteChannel& operator=(const ByteChannel&) = delete;
  virtual ~ByteChannel() = default;

  virtual void push(const void* data, std::int64_t bytes) = 0;
  virtual void close() = 0;
  /// Waits for the next message and returns its size in bytes, or nothing if the sender has closed
  /// the channel. After a size, `pop` must be called with that size.
  virtual std::optional<std::int64_t> next() = 0;
  virtual void pop(void* data, std::int64_t bytes) = 0;

  /// Collective over `comm`. Returns null on ranks that are neither sender nor receiver. Throws
  /// InvalidArgument for ranks out of range, equal ranks, or a capacity or max_count below 1.
  static std::unique_ptr<ByteChannel> open(const Communicator& comm, const ChannelOptions& options,
                                           std::int64_t max_bytes);
};

/// Which calls of a channel a rank may make, and whether the stream has ended for it.
class ChannelUse {
 public:
  ChannelUse(int rank, const ChannelOptions& options) noexcept
      : rank_(rank), from_(options.from), to_(options.to) {}
  /// Throw InvalidArgument if this rank is not that end of the channel, or has closed it.
  void check_send(const char* call) const;
  void check_receive(const char* call) const;
  void end() noexcept { ended_ = true; }
  bool ended() const noexcept { return ended_; }

 private:
  int rank_;
  int from_;
  int to_;
  bool ended_ = false;
};

/// The constructor is collective: all ranks of the communicator call it with the same options.
/// Afterwards only `from` calls push and close, and only `to` calls pop; other calls throw
/// InvalidArgument. Not thread-safe.
///
///     Channel<float> samples(world, {.from = 0, .to = 1, .capacity = 4, .max_count = 64});
///     if (world.rank() == 0) { samples.push(row); samples.close(); }
///     if (world.rank() == 1) { while (auto row = samples.pop()) { … } }
template <typename T>
class Channel {
  static_assert(std::is_trivially_copyable_v<T>, "messages are sent as bytes");

 public:
  Channel(const Communicator& comm, const ChannelOptions& options)
      : use_(comm.rank(), options),
        bytes_(ByteChannel::open(comm, options,
                                 options.max_count * static_cast<std::int64_t>(sizeof(T)))) {}

  /// Copies the message, so the caller may reuse its memory. Blocks while the channel is full.
  /// Throws InvalidArgument for more than max_count elements and after close, and WorkerFailure if
  /// the receiver fails or takes no message before the timeout.
  void push(std::span<const T> message) {
    use_.check_send("push");
    bytes_->push(message.data(), static_cast<std::int64_t>(message.size_bytes()));
  }
  /// Ends the stream. The sender must call it before its worker function returns. It may block
  /// until the receiver has taken earlier messages.
  void close() {
    use_.check_send("close");
    bytes_->close();
    use_.end();
  }

  /// Blocks until the next message arrives and returns it, or returns nothing if the sender has
  /// closed the channel. Throws WorkerFailure if the sender fails or sends nothing before the
  /// timeout.
  std::optional<std::vector<T>> pop() {
    use_.check_receive("pop");
    const auto bytes = use_.ended() ? std::nullopt : bytes_->next();
    if (!bytes) {
      use_.end();
      return std::nullopt;
    }
    std::vector<T> message(static_cast<std::size_t>(*bytes) / sizeof(T));
    bytes_->pop(message.data(), *bytes);
    return message;
  }

 private:
  ChannelUse use_;
  std::unique_ptr<ByteChannel> bytes_;  // null on ranks that are neither end
};

}  // namespace dga
