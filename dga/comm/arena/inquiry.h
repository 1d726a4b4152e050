// SPDX-License-Identifier: Apache-2.0
//
// Inquiry: what a worker that has waited a while asks the workers of other nodes that it waits for.
// Within a node everybody sees what the others do; between nodes a worker that waits for a message
// that never comes would only learn of it at the timeout.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace dga {

/// Sent as bytes between nodes of one architecture. A worker that has returned answers so. One that
/// has called another operation in the place of this one posts a failure. Any other ignores it.
struct Inquiry {
  static constexpr std::size_t kSignatureBytes = 160;
  static constexpr std::size_t kTextBytes = 128;
  enum class Kind : std::uint32_t { question, has_returned };

  Kind kind = Kind::question;
  std::int32_t rank = 0;     // world rank of the worker that asks, or that has returned
  std::uint64_t group = 0;   // the id of the group; 0: of no collective
  std::uint64_t number = 0;  // of the operation in the group
  std::array<std::byte, kSignatureBytes> signature{};
  std::array<char, kTextBytes> text{};  // what it waits in; ends with '\0'
};

/// Something that can tell whether its operation of that number is another one. Groups are.
class Inquired {
 public:
  Inquired() = default;
  Inquired(const Inquired&) = delete;
  Inquired& operator=(const Inquired&) = delete;
  virtual ~Inquired() = default;

  virtual std::uint64_t id() const noexcept = 0;
  /// The text of this worker's operation if it differs from the one asked about, or "".
  virtual std::string other_operation(const Inquiry& inquiry) const = 0;
};

}  // namespace dga
