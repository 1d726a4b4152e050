// SPDX-License-Identifier: Apache-2.0

#include "dga/storage/tensorboard/summary_event.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <vector>

#include "dga/storage/tensorboard/crc32c.h"
#include "dga/storage/tensorboard/protobuf_message.h"

namespace dga {
namespace {

constexpr int kBins = 30;  // as in TensorBoard's own writers

// The numbers of fields and of enumeration values are those of the .proto files.
constexpr std::int64_t kDtString = 7;

std::string summary_event(double wall_time, std::int64_t step, const ProtobufMessage& value) {
  return ProtobufMessage()
      .number(1, wall_time)
      .integer(2, step)
      .message(5, ProtobufMessage().message(1, value))
      .bytes();
}

/// The number of values in each bin. A bin includes its upper limit but not its lower one.
std::vector<double> count(std::span<const double> values, std::span<const double> limits) {
  std::vector<double> counts(limits.size());
  for (const double value : values) {
    const auto bin = std::lower_bound(limits.begin(), limits.end() - 1, value) - limits.begin();
    counts[static_cast<std::size_t>(bin)] += 1;
  }
  return counts;
}

std::vector<double> bin_limits(double least, double greatest) {
  if (least == greatest) {
    return {greatest};
  }
  std::vector<double> limits;
  for (int bin = 1; bin < kBins; ++bin) {
    limits.push_back(least + (greatest - least) * bin / kBins);
  }
  limits.push_back(greatest);
  return limits;
}

std::uint32_t masked_checksum(std::string_view bytes) {
  const std::uint32_t sum = crc32c(bytes);
  return ((sum >> 15) | (sum << 17)) + 0xa282ead8;
}

}  // namespace

std::string version_event(double wall_time) {
  return ProtobufMessage().number(1, wall_time).text(3, "brain.Event:2").bytes();
}

std::string scalar_event(double wall_time, std::int64_t step, std::string_view tag, double value) {
  return summary_event(wall_time, step,
                       ProtobufMessage().text(1, tag).number(2, static_cast<float>(value)));
}

std::string histogram_event(double wall_time, std::int64_t step, std::string_view tag,
                            std::span<const double> values) {
  std::vector<double> finite;
  std::copy_if(values.begin(), values.end(), std::back_inserter(finite),
               [](double value) { return std::isfinite(value); });
  ProtobufMessage histogram;
  if (!finite.empty()) {
    const auto [least, greatest] = std::minmax_element(finite.begin(), finite.end());
    double sum = 0;
    double squares = 0;
    for (const double value : finite) {
      sum += value;
      squares += value * value;
    }
    const std::vector<double> limits = bin_limits(*least, *greatest);
    histogram.number(1, *least)
        .number(2, *greatest)
        .number(3, static_cast<double>(finite.size()))
        .number(4, sum)
        .number(5, squares)
        .numbers(6, limits)
        .numbers(7, count(finite, limits));
  }
  return summary_event(wall_time, step, ProtobufMessage().text(1, tag).message(5, histogram));
}

std::string text_event(double wall_time, std::int64_t step, std::string_view tag,
                       std::string_view markdown) {
  const ProtobufMessage one_element = ProtobufMessage().message(2, ProtobufMessage().integer(1, 1));
  const ProtobufMessage tensor =
      ProtobufMessage().integer(1, kDtString).message(2, one_element).text(8, markdown);
  const ProtobufMessage metadata = ProtobufMessage().message(1, ProtobufMessage().text(1, "text"));
  return summary_event(wall_time, step,
                       ProtobufMessage().text(1, tag).message(8, tensor).message(9, metadata));
}

std::string tf_record(std::string_view bytes) {
  std::string record;
  append_little_endian(record, std::uint64_t{bytes.size()});
  append_little_endian(record, masked_checksum(record));
  record += bytes;
  append_little_endian(record, masked_checksum(bytes));
  return record;
}

}  // namespace dga
