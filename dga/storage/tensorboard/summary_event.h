// SPDX-License-Identifier: Apache-2.0
//
// The TensorBoard events that a run writes: encoded messages of TensorFlow's event.proto and
// summary.proto. `wall_time` is in seconds since 1970.

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace dga {

/// The first event of every file.
std::string version_event(double wall_time);

/// `value` is rounded to f32, the type of TensorBoard's scalars.
std::string scalar_event(double wall_time, std::int64_t step, std::string_view tag, double value);

/// The distribution of `values` in 30 bins of equal width between the minimum and the maximum. If
/// they are equal, there is one bin. Values that are not finite are ignored.
std::string histogram_event(double wall_time, std::int64_t step, std::string_view tag,
                            std::span<const double> values);

std::string text_event(double wall_time, std::int64_t step, std::string_view tag,
                       std::string_view markdown);

/// `bytes` as a record of an event file (TFRecord): the length, the length's checksum, the bytes,
/// the bytes' checksum. The checksums are CRC-32C, masked as TFRecord requires.
std::string tf_record(std::string_view bytes);

}  // namespace dga
