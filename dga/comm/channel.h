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

/// The constructor is collective: all ranks of the communicator call it with the same options.
/// Afterwards only `from` calls push and close, and only `to` calls pop. Not thread-safe.
///
///     Channel<float> samples(world, {.from = 0, .to = 1, .capacity = 4, .max_count = 64});
///     if (world.rank() == 0) { samples.push(row); samples.close(); }
///     if (world.rank() == 1) { while (auto row = samples.pop()) { … } }
template <typename T>
class Channel {
  static_assert(std::is_trivially_copyable_v<T>, "messages are sent as bytes");

 public:
  Channel(const Communicator& comm, const ChannelOptions& options)
      : bytes_(ByteChannel::open(comm, options,
                                 options.max_count * static_cast<std::int64_t>(sizeof(T)))) {}

  /// Copies the message, so the caller may reuse its memory. Blocks while the channel is full.
  /// Throws InvalidArgument for more than max_count elements, and WorkerFailure if the receiver
  /// fails or takes no message before the timeout.
  void push(std::span<const T> message) {
    bytes_->push(message.data(), static_cast<std::int64_t>(message.size_bytes()));
  }
  /// Ends the stream. The sender must call it before its worker function returns. It may block
  /// until the receiver has taken earlier messages.
  void close() { bytes_->close(); }

  /// Blocks until the next message arrives and returns it, or returns nothing if the sender has
  /// closed the channel. Throws WorkerFailure if the sender fails or sends nothing before the
  /// timeout.
  std::optional<std::vector<T>> pop() {
    const auto bytes = bytes_->next();
    if (!bytes) {
      return std::nullopt;
    }
    std::vector<T> message(static_cast<std::size_t>(*bytes) / sizeof(T));
    bytes_->pop(message.data(), *bytes);
    return message;
  }

 private:
  std::unique_ptr<ByteChannel> bytes_;
};

}  // namespace dga
