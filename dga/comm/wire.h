// SPDX-License-Identifier: Apache-2.0
//
// Wire: messages between workers on different nodes. Workers of one node share memory and need
// none. The only backend is MPI (mpi/mpi_wire.cpp). Internal to the room and the launchers.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

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

  virtual Request start_send(int peer, int tag, Traffic traffic, const void* data,
                             std::int64_t bytes) = 0;
  virtual Request start_receive(int peer, int tag, Traffic traffic, void* data,
                                std::int64_t bytes) = 0;
  /// Returns true once the transfer is complete. Its number may then be used for another transfer.
  /// Throws Error if the message that arrived has another size than the receive.
  virtual bool test(Request request) = 0;
  /// Gives up a transfer. Its number is not used again. A receive whose message the backend is
  /// already delivering may still write into its buffer.
  virtual void cancel(Request request) noexcept = 0;

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
  static constexpr std::size_t kMostNote = 512;
  /// A note, if one has arrived.
  virtual std::optional<std::string> poll_note() noexcept = 0;

  /// The rank that has sent a message of this kind and tag which no receive has been started for,
  /// if there is one.
  virtual std::optional<int> poll_sender(int tag, Traffic traffic) = 0;
};

}  // namespace dga
