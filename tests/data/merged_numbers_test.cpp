// SPDX-License-Identifier: Apache-2.0

#include "dga/data/merged_numbers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <random>
#include <string>
#include <vector>

#include "dga/data/load.h"
#include "dga/data/origins.h"
#include "tests/data/data_fixture.h"
#include "tests/support/scratch_folder.h"

namespace dga {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::IsEmpty;

/// Whether f64 has merged some of the decimals.
bool merges(const std::vector<std::string>& decimals, char mark = '.') {
  MergedNumbers numbers;
  std::vector<double> values;
  for (const std::string& text : decimals) {
    double value = 0;
    std::string with_point = text;
    std::replace(with_point.begin(), with_point.end(), mark, '.');
    std::from_chars(with_point.data(), with_point.data() + with_point.size(), value);
    numbers.add(text, mark, value);
    values.push_back(value);
  }
  return numbers.any(values);
}

TEST(MergedNumbers, AreDifferentDecimalsOfOneDouble) {
  EXPECT_TRUE(merges({"98765432109876543210", "98765432109876543211"}));
  EXPECT_TRUE(merges({"1700000000.123456789", "1700000000.123456788"}));
  EXPECT_TRUE(merges({"1700000000,123456789", "1700000000,123456788"}, ','));
  EXPECT_TRUE(merges({"-1.00000000000000000001e3", "5", "-1000"})) << "one that f64 holds";
  EXPECT_FALSE(merges({"1.00000000000000000001e3", "-1.00000000000000000002e3"}));
  EXPECT_FALSE(merges({"98765432109876543210", "98765432109876543210"}));
  EXPECT_FALSE(merges({"98765432109876543210", "9.8765432109876543210e19"})) << "equal";
  EXPECT_FALSE(merges({"0.10000000000000000000000", "0.1", "00000000000000000000000.1"}));
  EXPECT_FALSE(merges({"98765432109876543210", "12345678901234567890", "0"}));
}

TEST(MergedNumbers, AreNoneAmongPrintedDoubles) {
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> uniform(0, 1.7e9);
  for (const int digits : {15, 17, 20, 40}) {
    std::vector<std::string> texts;
    for (int i = 0; i < 2000; ++i) {
      char text[64] = {};
      const auto end = std::to_chars(text, text + 64, uniform(random),
                                     std::chars_format::scientific, digits - 1);
      texts.emplace_back(text, end.ptr);
    }
    texts.insert(texts.end(), texts.begin(), texts.end());
    EXPECT_FALSE(merges(texts)) << digits;
  }
}

TEST(MergedNumbers, AreIntegersBeyond2To53) {
  MergedNumbers numbers;
  numbers.add(std::int64_t{9007199254740992});
  EXPECT_FALSE(numbers.any({9007199254740992.0}));
  numbers.add(std::int64_t{9007199254740993});
  EXPECT_TRUE(numbers.any({9007199254740992.0, 9007199254740992.0})) << "one that f64 holds";
  MergedNumbers naturals;
  naturals.add(~std::uint64_t{0});
  naturals.add(~std::uint64_t{0} - 1);
  EXPECT_TRUE(naturals.any({0x1.0p64, 0x1.0p64}));
}

/// The notices of loading a file of this text.
std::vector<std::string> notices_of_file(const std::string& name, const std::string& text,
                                         LoadOptions options = {}) {
  const ScratchFolder folder;
  options.data = folder.write(name, text);
  return load_data(options).summary.notices;
}

const std::string kInF64 =
    " has different values that are equal in f64, so the model cannot tell them apart. Leave an "
    "identifier out with --drop.";

TEST(MergedNumbers, AreANoticeThatNamesTheColumn) {
  for (const bool stream : {false, true}) {
    const LoadOptions options{.samples = {.stream = stream}};
    EXPECT_THAT(notices_of_file(
                    "a.csv", "id,label\n98765432109876543210,0\n98765432109876543211,1\n", options),
                ElementsAre(EndsWith("a.csv: column id" + kInF64)));
    EXPECT_THAT(
        notices_of_file("a.csv", "t,label\n\"1700000000.123456789\",0\n1700000000.123456788,1\n",
                        options),
        ElementsAre(EndsWith("a.csv: column t" + kInF64)));
    EXPECT_THAT(notices_of_file("a.csv",
                                "t,label\n0.5,1\n0.12345678901234567891,0\n"
                                "0.12345678901234567892,1\n",
                                options),
                ElementsAre(EndsWith("a.csv: column t" + kInF64)))
        << "though the range is wide";
    EXPECT_THAT(
        notices_of_file("a.svm", "1 1:98765432109876543210\n2 1:98765432109876543211\n", options),
        ElementsAre(EndsWith("a.svm: feature 1" + kInF64)));
    EXPECT_THAT(notices_of_file(
                    "a.csv", "t,label\n98765432109876543210,0\n18765432109876543210,1\n", options),
                IsEmpty());
  }
  EXPECT_THAT(notices_of_file("a.csv", "x,label\n1,98765432109876543210\n2,98765432109876543211\n",
                              {.task = Task::regression}),
              ElementsAre(EndsWith("a.csv: the target" + kInF64)));
}

/// A file in which values that f32 merges come after `rows` others.
std::string late_values(int rows) {
  std::string text = "x,label\n";
  for (int i = 0; i < rows; ++i) {
    text += std::to_string(i % 7) + "," + std::to_string(i % 2) + "\n";
  }
  return text + "9000000.1,0\n9000000.2,1\n9000000.1,0\n9000000.2,1\n";
}

TEST(MergedNumbers, AreNoticedWhereverTheyStand) {
  for (const int rows : {2'000, 50'000}) {
    EXPECT_THAT(notices_of_file("a.csv", late_values(rows)),
                ElementsAre(EndsWith("a.csv: column x has different values that are equal in f32, "
                                     "even as distances from their mean, so the model cannot tell "
                                     "them apart. Leave an identifier out with --drop.")));
  }
}

TEST(Origins, SamplesToCompareAreSpreadOverAll) {
  EXPECT_EQ(samples_to_compare(1'000'000, 1), 1'000'000);
  EXPECT_EQ(samples_to_compare(2'000'000, 1), 1'024);
  EXPECT_EQ(samples_to_compare(2'000'000, 1'000'000), 2);
  for (const auto& [rows, count] :
       {std::pair(1024, 2'000'000), std::pair(1024, 1025), std::pair(7, 9), std::pair(5, 5)}) {
    std::int64_t next = 0;
    std::int64_t all = 0;
    for (const SampleRun& run : spread_samples(rows, count)) {
      EXPECT_GE(run.first, next);
      EXPECT_GT(run.count, 0);
      next = run.first + run.count;
      all += run.count;
    }
    EXPECT_EQ(all, rows);
    EXPECT_LE(next, count);
  }
  EXPECT_GT(spread_samples(1024, 2'000'000).back().first, 1'800'000);
}

}  // namespace
}  // namespace dga
