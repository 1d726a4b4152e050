// SPDX-License-Identifier: Apache-2.0
//
// Channel: a bounded stream of typed messages from one worker to another; the way samples and
// activations travel.

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
  /// Ranks in the communicator.
  int from = 0;
  int to = 1;
  /// Messages that may be under way before `push` blocks.
  int capacity = 4;
  /// Elements of the largest message.
  std::int64_t max_count = 0;
};

/// The bytes beneath a Channel. Between neighbours a ring in shared memory; between nodes messages,
/// bounded by credits that the receiver sends back.
class ByteChannel {
 public:
  ByteChannel() = default;
  ByteChannel(const ByteChannel&) = delete;
  ByteChannel& operator=(const ByteChannel&) = delete;
  virtual ~ByteChannel() = default;

  virtual void push(const void* data, std::int64_t bytes) = 0;
  virtual void close() = 0;
  /// Bytes of the next message, which `pop` then copies; none once the sender has closed.
  virtual std::optional<std::int64_t> next() = 0;
  virtual void pop(void* data, std::int64_t bytes) = 0;

  /// Collective over `comm`; null for ranks that are neither end.
  static std::unique_ptr<ByteChannel> open(const Communicator& comm, const ChannelOptions& options,
                                           std::int64_t max_bytes);
};

/// Collective to construct (all ranks of the communicator, with the same options); afterwards
/// `from` pushes and `to` pops, and nobody else touches it.
///
///     Channel<float> samples(world, {.from = 0, .to = 1, .capacity = 4, .max_count = 64});
///     if (world.rank() == 0) { samples.push(row); samples.close(); }
///     if (world.rank() == 1) { while (auto row = samples.pop()) { … } }
template <typename T>
class Channel {
  static_assert(std::is_trivially_copyable_v<T>, "messages travel as bytes");

 public:
  Channel(const Communicator& comm, const ChannelOptions& options)
      : bytes_(ByteChannel::open(comm, options,
                                 options.max_count * static_cast<std::int64_t>(sizeof(T)))) {}

  /// Blocks while `capacity` messages are under way. Throws WorkerFailure when the receiver fails
  /// or takes nothing within the timeout, InvalidArgument for more than max_count elements.
  void push(std::span<const T> message) {
    bytes_->push(message.data(), static_cast<std::int64_t>(message.size_bytes()));
  }
  /// No message follows. The sender calls it before it returns from its worker.
  void close() { bytes_->close(); }

  /// The next message; blocks until there is one. Nothing once the sender has closed.
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
