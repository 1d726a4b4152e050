// SPDX-License-Identifier: Apache-2.0
//
// WideColumn: some column of the samples as f64, and what the formats share that read such columns.

#pragma once

#include <cstdint>
#include <vector>

namespace dga {

struct WideColumn {
  std::vector<double> values = {};
  bool merged = false;  // whether f64 has merged different numbers
};

/// Columns for the features `wanted` and, with `target`, the target last. All values of their
/// `rows` rows are `value`.
std::vector<WideColumn> columns_for(const std::vector<std::int64_t>& wanted, bool target,
                                    std::int64_t rows, double value);

/// By feature, of `width`: its position in `wanted`, or -1.
std::vector<std::int64_t> feature_positions(const std::vector<std::int64_t>& wanted,
                                            std::int64_t width);

}  // namespace dga
