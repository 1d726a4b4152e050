// SPDX-License-Identifier: Apache-2.0

#include "dga/storage/hdfs/token_renewal.h"

#include <gtest/gtest.h>

#include <chrono>

namespace dga::test {
namespace {

std::int64_t in_ms(std::int64_t ms) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
             .count() +
         ms;
}

TEST(TokenRenewal, LeavesAQuarterOfTheTime) {
  EXPECT_EQ(renewal_pause_s(86400), 64800);
  EXPECT_EQ(renewal_pause_s(0.1), 1);
  EXPECT_EQ(renewal_pause_s(-3600), 60) << "this machine's clock is ahead";
}

TEST(TokenRenewal, IsDueWithEachNewTokenOnce) {
  TokenRenewal renewal;
  EXPECT_TRUE(renewal.is_due("a"));
  EXPECT_FALSE(renewal.is_due("a")) << "another thread renews it";
  renewal.renewed(in_ms(86'400'000));
  EXPECT_FALSE(renewal.is_due("a"));
  EXPECT_TRUE(renewal.is_due("b"));
}

TEST(TokenRenewal, KeepsTheReasonUntilThereIsAnotherToken) {
  TokenRenewal renewal;
  EXPECT_TRUE(renewal.is_due("a"));
  renewal.refused("not yours", /*for_good=*/true);
  EXPECT_FALSE(renewal.is_due("a"));
  EXPECT_EQ(renewal.refusal(), "not yours");
  EXPECT_TRUE(renewal.is_due("b"));
  EXPECT_EQ(renewal.refusal(), "");
}

}  // namespace
}  // namespace dga::test
