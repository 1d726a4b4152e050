// SPDX-License-Identifier: Apache-2.0
//
// ProtobufMessage: encodes a Protocol Buffers message field by field, without a schema. Internal to
// the room.

#pragma once

#include <bit>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace dga {

/// Appends the lowest byte first, independently of the machine's byte order.
template <typename Unsigned>
void append_little_endian(std::string& bytes, Unsigned value) {
  for (unsigned shift = 0; shift < 8 * sizeof(value); shift += 8) {
    bytes.push_back(static_cast<char>(value >> shift));
  }
}

/// Each call appends one field, even if its value is 0, so fields are in the order of the calls.
class ProtobufMessage {
 public:
  const std::string& bytes() const noexcept { return bytes_; }

  ProtobufMessage& integer(std::uint32_t field, std::int64_t value) {
    begin(field, 0);
    varint(static_cast<std::uint64_t>(value));
    return *this;
  }
  ProtobufMessage& number(std::uint32_t field, double value) {
    begin(field, 1);
    append_little_endian(bytes_, std::bit_cast<std::uint64_t>(value));
    return *this;
  }
  ProtobufMessage& number(std::uint32_t field, float value) {
    begin(field, 5);
    append_little_endian(bytes_, std::bit_cast<std::uint32_t>(value));
    return *this;
  }
  /// A field of type string or bytes.
  ProtobufMessage& text(std::uint32_t field, std::string_view value) {
    begin(field, 2);
    varint(value.size());
    bytes_ += value;
    return *this;
  }
  ProtobufMessage& message(std::uint32_t field, const ProtobufMessage& value) {
    return text(field, value.bytes_);
  }
  /// A packed repeated field.
  ProtobufMessage& numbers(std::uint32_t field, std::span<const double> values) {
    begin(field, 2);
    varint(values.size_bytes());
    for (const double value : values) {
      append_little_endian(bytes_, std::bit_cast<std::uint64_t>(value));
    }
    return *this;
  }

 private:
  void begin(std::uint32_t field, std::uint32_t wire_type) { varint((field << 3) | wire_type); }
  /// Seven bits per byte, the lowest first. The highest bit of a byte says that more bytes follow.
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) {
      bytes_.push_back(static_cast<char>(value | 0x80));
    }
    bytes_.push_back(static_cast<char>(value));
  }

  std::string bytes_;
};

}  // namespace dga
