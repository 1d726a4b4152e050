// SPDX-License-Identifier: Apache-2.0

#include "dga/mesh/balance.h"

#include <algorithm>
#include <cstddef>
#include <numeric>

namespace dga {

double update_cost(std::span<const std::int64_t> shape) noexcept {
  double elements = 1;
  for (const std::int64_t size : shape) {
    elements *= static_cast<double>(size);
  }
  if (shape.size() < 2 || elements == 0) {
    return elements;
  }
  const auto rows = static_cast<double>(shape.front());
  const double columns = elements / rows;
  const double side = std::min(rows, columns);
  // X X^T (m n m), its square (m m m), and that times X (m m n), two operations a multiply-add.
  return 4 * side * elements + 2 * side * side * side;
}

std::vector<int> balance(std::span<const double> costs, int parts) {
  std::vector<std::size_t> order(costs.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return costs[a] > costs[b]; });
  std::vector<double> sums(static_cast<std::size_t>(parts), 0);
  std::vector<int> part_of(costs.size(), 0);
  for (const std::size_t item : order) {
    const auto least = std::min_element(sums.begin(), sums.end());
    *least += costs[item];
    part_of[item] = static_cast<int>(least - sums.begin());
  }
  return part_of;
}

}  // namespace dga
