// SPDX-License-Identifier: Apache-2.0
//
// The events of TensorBoard that a run writes: messages of tensorflow's event.proto and
// summary.proto, as bytes. `wall_time` is in seconds since 1970.

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace dga {

/// What a file of events begins with.
std::string version_event(double wall_time);

/// TensorBoard's scalars are f32: `value` is rounded to one.
std::string scalar_event(double wall_time, std::int64_t step, std::string_view tag, double value);

/// How `values` are spread: 30 bins of equal width between the least and the greatest. Values that
/// are not finite are left out.
std::string histogram_event(double wall_time, std::int64_t step, std::string_view tag,
                            std::span<const double> values);

std::string text_event(double wall_time, std::int64_t step, std::string_view tag,
                       std::string_view markdown);

/// An event as a record of a file (TFRecord): its length, the length's checksum, its bytes, and
/// theirs. Checksums are CRC-32C, masked as TFRecord wants them.
std::string tf_record(std::string_view bytes);

}  // namespace dga
