// SPDX-License-Identifier: Apache-2.0
//
// Wire: messages between workers on different nodes. Memory inside a node is shared; whatever
// crosses nodes goes over a Wire. One backend today: MPI (mpi_wire.cpp, its twin no_mpi.cpp).

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace dga {

/// Messages of the collectives and of the user's send/receive never meet.
enum class Traffic : std::uint8_t { collective, user };

/// Not thread-safe: each worker uses its own. Ranks are those of the group the wire belongs to.
class Wire {
 public:
  /// A transfer under way; the buffer must stay alive until `test` answered true.
  using Request = std::int64_t;
  static constexpr int kMaxTag = 32767;  // what MPI guarantees

  Wire() = default;
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;
  virtual ~Wire() = default;

  virtual Request start_send(int peer, int tag, Traffic traffic, const void* data,
                             std::int64_t bytes) = 0;
  virtual Request start_receive(int peer, int tag, Traffic traffic, void* data,
                                std::int64_t bytes) = 0;
  /// True once the transfer is complete; its number is then free for others. Throws Error when a
  /// message of another size than the announced one arrived.
  virtual bool test(Request request) = 0;
  /// Gives up on a transfer: it may still write into its buffer until this returns.
  virtual void cancel(Request request) noexcept = 0;

  /// Collective over the group. The wire among those who passed the same colour, ordered by key.
  virtual std::unique_ptr<Wire> split(int color, int key) = 0;

  /// The world has failed: messages may be under way that nobody will receive, so nothing that
  /// could be taken for this wire may ever be made again.
  virtual void abandon() noexcept = 0;

  /// The first call says that this worker has come to its end; true once everybody has said so.
  virtual bool test_all_ended() = 0;

  /// Tells the workers of the other nodes that the world has failed; does not wait for them.
  virtual void raise_alarm(const std::string& text) noexcept = 0;
  /// The text of an alarm that has arrived, if any.
  virtual std::optional<std::string> poll_alarm() noexcept = 0;
};

}  // namespace dga
