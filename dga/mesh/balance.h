// SPDX-License-Identifier: Apache-2.0
//
// Assigns indivisible items to workers so that no worker has much more than the others.

#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace dga {

/// Cost of updating a parameter of `shape` as a whole, relative to other parameters. For a matrix:
/// the floating-point operations of one quintic Newton-Schulz iteration (two products and a square
/// over its shorter side); more than two dimensions count as [first, all others]; fewer count their
/// elements.
double update_cost(std::span<const std::int64_t> shape) noexcept;

/// The part in [0, parts) that each item goes to. Takes the items by descending cost, equal costs
/// by ascending number, and gives each to the part with the smallest sum so far, the lowest of
/// equals (longest processing time first; Graham, 1969). The largest sum is at most
/// 4/3 - 1/(3 parts) of the smallest possible one. Costs are finite, 0 or more.
std::vector<int> balance(std::span<const double> costs, int parts);

}  // namespace dga
