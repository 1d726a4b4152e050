// SPDX-License-Identifier: Apache-2.0

#include "dga/options/interval.h"

#include <charconv>

#include "dga/base/named_values.h"

namespace dga {
namespace {

constexpr std::int64_t kMost = 1'000'000'000;
constexpr NamedValues<Interval::Unit, 3> kSuffixes{{{"", Interval::Unit::epochs},
                                                    {"steps", Interval::Unit::steps},
                                                    {"s", Interval::Unit::seconds}}};

}  // namespace

std::optional<Interval> interval_from(std::string_view text) {
  if (text.empty()) {
    return Interval{};
  }
  Interval interval;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, interval.count);
  const auto unit =
      value_in(kSuffixes, std::string_view(stop, static_cast<std::size_t>(end - stop)));
  if (error != std::errc{} || !unit || interval.count < 1 || interval.count > kMost) {
    return std::nullopt;
  }
  interval.unit = *unit;
  return interval;
}

std::string Interval::text() const {
  return is_never() ? std::string() : std::to_string(count) + std::string(name_in(kSuffixes, unit));
}

}  // namespace dga
