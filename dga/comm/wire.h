// SPDX-License-Identifier: Apache-2.0
//
// Wire: messages between workers on different nodes. Workers of one node share memory and need
// none. The only backend is MPI (mpi/mpi_wire.cpp). Internal to the room and the launchers.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace dga {

/// Separates the messages of collectives from those of the user's send and receive. A receive only
/// matches messages of its own kind.
enum class Traffic : std::uint8_t { collective, user };

/// Each worker has its own. Not thread-safe. Ranks are those of the group to which the wire
/// belongs.
class Wire {
 public:
  /// The number of a transfer in progress. Its buffer must stay alive until `test` returns true.
  using Request = std::int64_t;
  static constexpr int kMaxTag = 32767;  // the largest tag that every MPI library supports

  Wire() = default;
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;
  virtual ~Wire() = default;

  /// Sent ahead of each message: what the sender says about it, for the receiver to check.
  static constexpr std::size_t kMostHead = 160;
  /// Throws unless a message with this head and so many bytes of data is the expected one.
  using Check = std::function<void(std::string_view head, std::int64_t bytes)>;

  /// `head` has at most kMostHead bytes and is copied.
  virtual Request start_send(int peer, int tag, Traffic traffic, std::string_view head,
                             const void* data, std::int64_t bytes) = 0;
  /// `test` calls `check` once the head has arrived. Nothing is written to `data` before `check`
  /// has returned, and nothing if the message has another size than `bytes`.
  virtual Request start_receive(int peer, int tag, Traffic traffic, void* data, std::int64_t bytes,
                                Check check) = 0;
  /// Returns true once the transfer is complete. Its number may then be used for another transfer.
  /// Throws what `check` throws, and Error if the message has another size than the receive.
  virtual bool test(Request request) = 0;
  /// Gives up transfers. Their numbers are not used again. A receive whose data is already being
  /// delivered may still write into its buffer if the sender stalls for a second.
  virtual void cancel(std::span<const Request> requests) noexcept = 0;

  /// Collective over the group. Returns the wire among the ranks with the same colour, ordered by
  /// key.
  virtual std::unique_ptr<Wire> split(int color, int key) = 0;

  /// Called after the world has failed. Messages that no rank will receive may be in transit, so
  /// the backend must not free or reuse this wire's communicators, or a later wire could receive
  /// stale messages.
  virtual void abandon() noexcept = 0;

  /// The first call reports that this worker has finished. Returns true once every worker of the
  /// group has reported it.
  virtual bool test_all_ended() = 0;

  /// Tells all other ranks that the world has failed. Does not wait for them.
  virtual void raise_alarm(const std::string& text) noexcept = 0;
  /// The text of an alarm, if one has arrived.
  virtual std::optional<std::string> poll_alarm() noexcept = 0;

  /// Sends a note of at most kMostNote bytes to `peer`. Does not wait. Notes may be lost when the
  /// program ends.
  virtual void send_note(int peer, const std::string& note) noexcept = 0;
  static constexpr std::size_t kMostNote = 1024;
  /// A note, if one has arrived.
  virtual std::optional<std::string> poll_note() noexcept = 0;

  /// The rank that has sent a message of this kind and tag which no receive has been started for,
  /// if there is one.
  virtual std::optional<int> poll_sender(int tag, Traffic traffic) = 0;
};

}  // namespace dga
