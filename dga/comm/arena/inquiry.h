// SPDX-License-Identifier: Apache-2.0
//
// Inquiry: what a worker that has waited a while asks the workers that it waits for. It finds
// workers of other nodes that have called something else or have returned, and workers that wait
// for each other; without it they would only be found at the timeout.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "dga/comm/collectives/signature.h"

namespace dga {

/// Sent as bytes between workers of one architecture. A worker that has returned says so; one that
/// waits says to another node when it last got on. One that
/// has called another operation in the place of this one posts a failure. One that has not called
/// it yet and waits itself asks on, for what it waits for: if a question comes back to the worker
/// that asked first, those who asked on wait for each other, and none of them can go on.
struct Inquiry {
  static constexpr std::size_t kCircleBytes = 512;
  enum class Kind : std::uint32_t { question, has_returned, got_on };
  /// What the worker waits in. Nobody asks on about `other`.
  enum class What : std::uint32_t { other, collective, send, receive };

  Kind kind = Kind::question;
  What what = What::other;
  std::int32_t rank = 0;  // world rank of the worker that asks, or that answers
  std::int32_t tag = 0;   // of a message
  std::uint64_t group = 0;
  std::uint64_t number =
      0;                // of the collective in the group; of the message with this peer and tag
  Signature signature;  // of a collective

  double idle_s = 0;        // of an answer: for how long nothing has moved
  std::int32_t origin = 0;  // world rank of the worker that asked first
  /// Whether a worker that asked on has not called what it was asked about.
  std::uint32_t out_of_order = 0;
  std::uint64_t wait = 0;                   // the number of the origin's wait
  std::uint64_t round = 0;                  // of the origin's questions
  std::array<char, kCircleBytes> circle{};  // who waits in what, from the origin on; ends with '\0'
};

/// Something that knows which of its operations this worker has called. Groups do.
class Inquired {
 public:
  enum class Standing : std::uint8_t { not_called, called, called_another };

  Inquired() = default;
  Inquired(const Inquired&) = delete;
  Inquired& operator=(const Inquired&) = delete;
  virtual ~Inquired() = default;

  virtual std::uint64_t id() const noexcept = 0;
  /// How this worker stands to the operation that was asked about.
  virtual Standing standing(const Inquiry& inquiry) const = 0;
  /// The error if this worker has called another one.
  virtual std::string mismatch(const Inquiry& inquiry) const = 0;
};

}  // namespace dga
