// SPDX-License-Identifier: Apache-2.0
//
// The golden bytes are records that the package tensorboard wrote, as golden_events.py prints them.

#include "dga/storage/tensorboard/summary_event.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <string>

namespace dga {
namespace {

constexpr double kWallTime = 1700000000.25;

constexpr const char* kVersion =
    "1800000000000000a37f4b220900001040fc54d9411a0d627261696e2e4576656e743a32338d2fe9";
constexpr const char* kScalar =
    "1b000000000000001a0d9e130900001040fc54d94110ac022a0d0a0b0a046c6f737315cdcccc3d84d035c7";
constexpr const char* kHistogram =
    "32020000000000001879759d0900001040fc54d94110072aa4040aa1040a0974696d652f776169742a9304090000"
    "00000000f03f110000000000003f4019000000000000144021000000000020494029000000004042914032f00100"
    "0000000000004000000000000008400000000000001040000000000000144000000000000018400000000000001c"
    "40000000000000204000000000000022400000000000002440000000000000264000000000000028400000000000"
    "002a400000000000002c400000000000002e40000000000000304000000000000031400000000000003240000000"
    "00000033400000000000003440000000000000354000000000000036400000000000003740000000000000384000"
    "000000000039400000000000003a400000000000003b400000000000003c400000000000003d400000000000003e"
    "400000000000003f403af00100000000000000400000000000000000000000000000000000000000000000000000"
    "00000000000000000000000000000000000000000000000000000000004000000000000000000000000000000000"
    "00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
    "00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
    "00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
    "0000000000000000000000000000000000000000f03f45adf2e4";
constexpr const char* kText =
    "410000000000000000a9c2ab0900001040fc54d94110012a340a320a076f7074696f6e73421d0807120412020801"
    "42137c2061207c2062207c0a7c2d2d2d7c2d2d2d7c4a080a060a0474657874e8f9c844";

std::string hex(const std::string& bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const char byte : bytes) {
    const auto value = static_cast<unsigned char>(byte);
    text.push_back(kDigits[value >> 4]);
    text.push_back(kDigits[value & 15]);
  }
  return text;
}

TEST(SummaryEvent, IsWrittenAsTensorBoardWritesIt) {
  constexpr std::array kValues{1.0, 1.5, 8.25, 8.5, 31.0};
  EXPECT_EQ(hex(tf_record(version_event(kWallTime))), kVersion);
  EXPECT_EQ(hex(tf_record(scalar_event(kWallTime, 300, "loss", 0.1))), kScalar);
  EXPECT_EQ(hex(tf_record(histogram_event(kWallTime, 7, "time/wait", kValues))), kHistogram);
  EXPECT_EQ(hex(tf_record(text_event(kWallTime, 1, "options", "| a | b |\n|---|---|"))), kText);
}

TEST(SummaryEvent, LeavesValuesThatAreNotFiniteOutOfAHistogram) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  constexpr std::array kMixed{2.0, std::numeric_limits<double>::quiet_NaN(), kInfinity, 3.0};
  constexpr std::array kFinite{2.0, 3.0};
  EXPECT_EQ(histogram_event(kWallTime, 1, "x", kMixed),
            histogram_event(kWallTime, 1, "x", kFinite));
}

TEST(SummaryEvent, PutsEqualValuesIntoOneBin) {
  constexpr std::array kEqual{0.5, 0.5, 0.5};
  const std::string bytes = hex(histogram_event(kWallTime, 1, "x", kEqual));
  // Fields 6 and 7, packed: one limit, 0.5, and one count, 3.
  EXPECT_NE(bytes.find("3208000000000000e03f3a080000000000000840"), std::string::npos) << bytes;
}

TEST(SummaryEvent, MakesAHistogramOfNothing) {
  EXPECT_LT(histogram_event(kWallTime, 1, "x", {}).size(), 30U);
}

}  // namespace
}  // namespace dga
