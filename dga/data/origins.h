// SPDX-License-Identifier: Apache-2.0
//
// Origins: what is subtracted from features and targets, in f64, before they are stored as f32.
// Columns such as Unix times, whose values differ little against their size, keep their
// differences.

#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace dga {

struct WideColumn;  // wide_columns.h

struct Origins {
  std::vector<double> features = {};  // (num_features); empty: all are 0
  double target = 0;

  bool operator==(const Origins&) const = default;
};

/// The features whose origin is not 0.
std::vector<std::int64_t> features_with(const Origins& origins);

/// Whether f32 may not keep values apart whose smallest is `least` and whose largest is `most`,
/// both rounded to f32. Then look at the f64 values.
bool is_crowded(float least, float most) noexcept;

/// Whether different values are equal when they are rounded to f32, where that matters: among
/// integers and decimals of at most 10 digits any, among other numbers half of all. NaN is ignored.
bool merge_in_f32(std::span<const double> values);

/// Whether f64 or f32 has merged numbers of a column, or of some of its samples.
bool has_merged(const WideColumn& column);

/// How many samples of all `count`, with `width` values each, are compared by has_merged, to notice
/// what `is_crowded` does not, since one value is far from all others. All where that takes little
/// time.
std::int64_t samples_to_compare(std::int64_t count, std::int64_t width) noexcept;

/// Consecutive samples, [first, first + count).
struct SampleRun {
  std::int64_t first = 0;
  std::int64_t count = 0;
};

/// `rows` of all `count` samples, in ascending runs at equal distances.
std::vector<SampleRun> spread_samples(std::int64_t rows, std::int64_t count);

struct Origin {
  double value = 0;
  /// What to tell the user about the column: that the model cannot tell some of its values apart.
  /// Empty: nothing.
  std::string_view warning = {};
};

/// The origin of a column: its mean, as an integer if all values are integers, or 0 where f32 keeps
/// the values as they are. NaN is ignored. Depends on the values alone, not on their order.
Origin choose_origin(std::span<const double> values);
Origin choose_origin(const WideColumn& column);

}  // namespace dga
