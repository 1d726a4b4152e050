// SPDX-License-Identifier: Apache-2.0
//
// The values of cells that are texts: numbers with a decimal point or comma, and missing values.

#pragma once

#include <cstdint>
#include <string_view>

#include "dga/data/formats/number.h"
#include "dga/data/samples.h"

namespace dga {

/// The character.
constexpr char mark_of(Decimal decimal) noexcept {
  return decimal == Decimal::point ? '.' : ',';
}

/// Whether a field stands for a missing value: it is empty, a question mark, or one of the words
/// that pandas.read_csv takes for missing, such as NA, nan, null and None.
bool is_missing(std::string_view field) noexcept;

/// Whether the field is written as a number, one that is not finite or too large included.
bool is_number(std::string_view field, char decimal) noexcept;

/// Parses a whole field, ignoring spaces around the number. With a decimal comma, a point in the
/// field is not a number.
NumberError parse_number(std::string_view field, char decimal, float& out) noexcept;
NumberError parse_number(std::string_view field, char decimal, double& out) noexcept;
NumberError parse_number(std::string_view field, char decimal, std::int64_t& out) noexcept;

}  // namespace dga
