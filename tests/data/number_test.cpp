// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/number.h"

#include <gtest/gtest.h>

#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>

#include "dga/base/random.h"

namespace dga {
namespace {

/// The reference: the standard library's nearest float.
float nearest(const std::string& text) {
  float value = NAN;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  EXPECT_EQ(parsed.ptr, text.data() + text.size()) << text;
  return value;
}

/// Whether the fast reader took it; if it did, the bits must be the reference's.
bool common_agrees(const std::string& text) {
  float value = NAN;
  const std::string ended = text + ",";
  const char* const end = parse_common_float(ended.data(), value);
  if (end == nullptr) {
    return false;
  }
  EXPECT_EQ(end, ended.data() + text.size()) << text;
  const float expected = nearest(text);
  EXPECT_EQ(std::bit_cast<std::uint32_t>(value), std::bit_cast<std::uint32_t>(expected)) << text;
  return true;
}

std::string decimal(RandomStream& stream, int most_digits) {
  const auto digits = 1 + static_cast<int>(stream.below(static_cast<std::uint64_t>(most_digits)));
  const auto point = static_cast<int>(stream.below(static_cast<std::uint64_t>(digits) + 2));
  std::string text = stream.below(2) == 0 ? "-" : "";
  for (int i = 0; i < digits; ++i) {
    if (i == point) {
      text += '.';
    }
    text += static_cast<char>('0' + stream.below(10));
  }
  if (stream.below(4) == 0) {
    text += "e" + std::to_string(static_cast<int>(stream.below(60)) - 30);
  }
  return text;
}

TEST(Number, FastDecimalsAreTheNearestFloat) {
  RandomStream stream(stream_key(1, "number"));
  int taken = 0;
  constexpr int kTries = 300'000;
  for (int i = 0; i < kTries; ++i) {
    taken += common_agrees(decimal(stream, 21)) ? 1 : 0;
  }
  EXPECT_GT(taken, kTries / 2) << "the fast reader must take most of them, or it is of no use";
}

// Decimals at and beside the midpoint of two neighbouring floats, where a double in between would
// round twice.
TEST(Number, DecimalsNearAMidpointOfTwoFloatsAreTheNearestFloat) {
  RandomStream stream(stream_key(2, "number"));
  for (int i = 0; i < 50'000; ++i) {
    const auto low = static_cast<float>((stream.uniform() + 1e-3) * 1000.0);
    const float high = std::nextafter(low, 2.0F * low);
    const double middle = (static_cast<double>(low) + static_cast<double>(high)) / 2.0;
    for (const double value : {std::nextafter(middle, 0.0), middle, std::nextafter(middle, 1e9)}) {
      for (const int digits : {16, 17, 18, 19, 25}) {
        char text[80];
        const auto end = std::to_chars(text, text + sizeof(text), value,
                                       std::chars_format::scientific, digits - 1)
                             .ptr;
        const std::string decimal(text, end);
        common_agrees(decimal);
        float slow = NAN;
        ASSERT_EQ(parse_float(decimal, slow), NumberError::none);
        EXPECT_EQ(slow, nearest(decimal)) << decimal;
      }
    }
  }
}

// 1.000000178813934326171875 is the midpoint of two floats, exactly (Python's fractions say so),
// and the double nearest to both decimals here.
TEST(Number, ADecimalBesideAMidpointIsNotRoundedTwice) {
  float value = 0.0F;
  ASSERT_EQ(parse_float("1.00000017881393432617187499", value), NumberError::none);
  EXPECT_EQ(value, 1.00000011920928955078125F);
  ASSERT_EQ(parse_float("1.00000017881393432617187501", value), NumberError::none);
  EXPECT_EQ(value, 1.0000002384185791015625F);
  EXPECT_EQ(parse_common_float("1.000000178813934326,", value), nullptr);
  EXPECT_EQ(parse_common_float("16777217,", value), nullptr);  // 2^24 + 1
}

TEST(Number, UsualSpellingsAreRead) {
  const std::pair<const char*, float> spellings[] = {
      {"0", 0.0F},
      {"-0", -0.0F},
      {"+1.5", 1.5F},
      {"1.", 1.0F},
      {".5", 0.5F},
      {"1e3", 1000.F},
      {"1E+3", 1e3F},
      {"-2e-1", -.2F},
      {"1e-50", 0.0F},
      {"-1e-999", -0.0F},
      {"1e-45", 1e-45F},
      {"3.4028235e38", 3.4028235e38F},
      {"007", 7.0F},
      {"0.000000000000000000000000000000000000000000000000000000000000001", 0.0F}};
  for (const auto& [text, expected] : spellings) {
    float value = NAN;
    EXPECT_EQ(parse_float(text, value), NumberError::none) << text;
    EXPECT_EQ(value, expected) << text;
    EXPECT_EQ(std::signbit(value), std::signbit(expected)) << text;
  }
}

TEST(Number, WhatIsNoNumberIsToldApart) {
  float value = 0.0F;
  for (const char* text :
       {"abc", "1x", "1,5", "0x10", "--1", "+-1", "1e", "1 2", "-", "+", ".", "1\r2"}) {
    EXPECT_EQ(parse_float(text, value), NumberError::not_a_number) << text;
  }
  EXPECT_EQ(parse_float("", value), NumberError::empty);
  for (const char* text : {"nan", "NaN", "inf", "-Infinity", "+inf"}) {
    EXPECT_EQ(parse_float(text, value), NumberError::not_finite) << text;
  }
  for (const char* text : {"1e999", "-1e39", "3.5e38", "1e99999999999999999999",
                           "1000000000000000000000000000000000000000"}) {
    EXPECT_EQ(parse_float(text, value), NumberError::too_large) << text;
  }
}

TEST(Number, IntegersMayBeSpeltAsDecimals) {
  const std::pair<const char*, std::int64_t> spellings[] = {
      {"3", 3},
      {"-1", -1},
      {"+1", 1},
      {"3.0", 3},
      {"3e2", 300},
      {"-7.000", -7},
      {"9223372036854775807", std::numeric_limits<std::int64_t>::max()}};
  for (const auto& [text, expected] : spellings) {
    std::int64_t value = 0;
    EXPECT_EQ(parse_integer(text, value), NumberError::none) << text;
    EXPECT_EQ(value, expected) << text;
  }
  std::int64_t value = 0;
  EXPECT_EQ(parse_integer("0.5", value), NumberError::not_integral);
  EXPECT_EQ(parse_integer("9223372036854775808", value), NumberError::too_large);
  EXPECT_EQ(parse_integer("1e999", value), NumberError::too_large);
  EXPECT_EQ(parse_integer("nan", value), NumberError::not_finite);
  // Decimals that f64 rounds to an integer are none.
  for (const char* text : {"0.99999999999999999999", "7.00000000000000000001", "1e-400",
                           "70000000000000000000001e-22", "-12345678901.0000000000000001"}) {
    EXPECT_EQ(parse_integer(text, value), NumberError::not_integral) << text;
  }
  for (const char* text : {"7.00000000000000000000", "700000000000000000000000e-23", "0e5", "0.000",
                           "0.00007e+5", "1200e-2"}) {
    EXPECT_EQ(parse_integer(text, value), NumberError::none) << text;
  }
  EXPECT_EQ(parse_integer("", value), NumberError::empty);
  EXPECT_EQ(parse_integer("one", value), NumberError::not_a_number);
}

TEST(Number, IntegersMayHaveLeadingZeros) {
  for (const char* text : {"007", "-01", "+00", "00"}) {
    EXPECT_TRUE(has_leading_zeros(text)) << text;
  }
  for (const char* text : {"0", "-0", "0.5", "10", "", "-"}) {
    EXPECT_FALSE(has_leading_zeros(text)) << text;
  }
}

}  // namespace
}  // namespace dga
