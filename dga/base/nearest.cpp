// SPDX-License-Identifier: Apache-2.0

#include "dga/base/nearest.h"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace dga {
namespace {

/// Optimal string alignment distance. Time and memory grow with the product of the sizes.
std::size_t edits_between(std::string_view a, std::string_view b) {
  const std::size_t columns = b.size() + 1;
  std::vector<std::size_t> table((a.size() + 1) * columns);
  const auto at = [&](std::size_t i, std::size_t j) -> std::size_t& {
    return table[i * columns + j];
  };
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        at(i, j) = i + j;
        continue;
      }
      const std::size_t replaced = at(i - 1, j - 1) + (a[i - 1] == b[j - 1] ? 0 : 1);
      at(i, j) = std::min({at(i - 1, j) + 1, at(i, j - 1) + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        at(i, j) = std::min(at(i, j), at(i - 2, j - 2) + 1);
      }
    }
  }
  return table.back();
}

}  // namespace

std::string nearest(std::string_view typed, std::span<const std::string> names) {
  constexpr std::size_t kLongest = 64;  // a longer text is no misspelt name
  if (typed.empty() || typed.size() > kLongest) {
    return {};
  }
  std::string best;
  std::size_t fewest = std::max<std::size_t>(1, typed.size() / 3) + 1;
  for (const std::string& name : names) {
    const std::size_t edits = edits_between(typed, name);
    if (edits < fewest) {
      fewest = edits;
      best = name;
    }
  }
  if (best.empty()) {
    const auto longer = std::find_if(names.begin(), names.end(), [&](const std::string& name) {
      return name.starts_with(typed);
    });
    best = longer == names.end() ? "" : *longer;
  }
  return best;
}

}  // namespace dga
