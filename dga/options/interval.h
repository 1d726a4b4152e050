// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dga {

/// How often something is done during training.
struct Interval {
  enum class Unit { epochs, steps, seconds };
  std::int64_t count = 0;  // 0: never
  Unit unit = Unit::epochs;

  bool is_never() const noexcept { return count == 0; }
  /// The text that interval_from() reads as this one.
  std::string text() const;
  bool operator==(const Interval&) const = default;
};

/// Reads "5" (epochs), "200steps" or "30s"; an empty text is never. None for other texts, and for
/// numbers outside 1 to 10^9.
std::optional<Interval> interval_from(std::string_view text);

}  // namespace dga
