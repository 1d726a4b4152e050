// SPDX-License-Identifier: Apache-2.0

#include "dga/train/best_epoch.h"

#include <gmock/gmock.h>

#include <limits>
#include <vector>

namespace dga {
namespace {

/// The numbers of the epochs that were the best so far, up to the one after which `patience` is
/// over, and that one's number (0: never).
struct Verdict {
  std::vector<std::int64_t> best;
  std::int64_t end = 0;
};

Verdict judge(std::int64_t patience, const std::vector<double>& errors, bool held_out = true) {
  BestEpoch epochs(patience);
  Verdict verdict;
  std::int64_t number = 0;
  for (const double error : errors) {
    EpochResult epoch{.epoch = ++number, .loss = held_out ? 0 : error};
    if (held_out) {
      epoch.test_error = error;
    }
    if (epochs.add(epoch)) {
      verdict.best.push_back(number);
    }
    EXPECT_EQ(epochs.number(), verdict.best.back());
    if (epochs.patience_is_over()) {
      verdict.end = number;
      return verdict;
    }
  }
  return verdict;
}

using testing::ElementsAre;

TEST(BestEpoch, IsTheEarlierOfEqualOnes) {
  EXPECT_THAT(judge(0, {0.5, 0.3, 0.3, 0.4, 0.2}).best, ElementsAre(1, 2, 5));
}

TEST(BestEpoch, IsJudgedByTheLossWhereNothingIsHeldOut) {
  EXPECT_THAT(judge(0, {0.5, 0.7, 0.4}, false).best, ElementsAre(1, 3));
}

TEST(BestEpoch, IsJudgedByTheValidationSetWhereThereIsOne) {
  BestEpoch epochs(2);
  auto add = [&, number = std::int64_t{0}](double val_error, double test_error) mutable {
    return epochs.add({.epoch = ++number, .test_error = test_error, .val_error = val_error});
  };
  EXPECT_TRUE(add(0.5, 0.1));
  EXPECT_TRUE(add(0.4, 0.2));
  EXPECT_FALSE(add(0.4, 0.05));
  EXPECT_FALSE(add(0.45, 0.01));
  EXPECT_EQ(epochs.number(), 2);
  EXPECT_TRUE(epochs.patience_is_over());
}

TEST(BestEpoch, PatienceCountsEpochsInARow) {
  const std::vector<double> errors{0.5, 0.6, 0.4, 0.4, 0.5, 0.4, 0.1};
  EXPECT_EQ(judge(0, errors).end, 0);
  EXPECT_EQ(judge(1, errors).end, 2);
  EXPECT_EQ(judge(2, errors).end, 5);
  EXPECT_EQ(judge(3, errors).end, 6);
  EXPECT_EQ(judge(4, errors).end, 0);
}

TEST(BestEpoch, AnyNumberIsBetterThanNone) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(judge(0, {nan, nan, 0.5, nan, 0.4}).best, ElementsAre(1, 3, 5));
}

}  // namespace
}  // namespace dga
