// SPDX-License-Identifier: Apache-2.0

#include "dga/data/origins.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <vector>

#include "dga/data/load.h"
#include "tests/data/data_fixture.h"
#include "tests/support/as_table.h"
#include "tests/support/scratch_folder.h"

namespace dga {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Origins, ColumnsThatF32KeepsApartHaveNone) {
  EXPECT_FALSE(is_crowded(-3, 250));
  EXPECT_FALSE(is_crowded(0, 0));
  EXPECT_FALSE(is_crowded(1990, 2025));
  EXPECT_EQ(choose_origin(std::vector<double>{1990, 2000, 2025}).value, 0);
  EXPECT_EQ(choose_origin(std::vector<double>{0.1, 0.1}).value, 0) << "a constant";
  EXPECT_EQ(choose_origin(std::vector<double>{NAN, NAN}).value, 0);
}

TEST(Origins, UnixTimesAreCentredAtTheirMean) {
  EXPECT_TRUE(is_crowded(1.7e9F, 1.7e9F));
  const Origin origin = choose_origin(std::vector<double>{1.7e9, 1.7e9 + 1, NAN, 1.7e9 + 5});
  EXPECT_EQ(origin.value, 1.7e9 + 2);
  EXPECT_EQ(origin.warning, "");
}

TEST(Origins, IdentifiersThatStillMergeAreReported) {
  // 1 and 2 differ by less than an f32 can tell at a distance of 10^12.
  EXPECT_EQ(choose_origin(std::vector<double>{1, 2, 3e12}).warning,
            "has different values that are equal in f32, even as distances from their mean");
  // f64 may have merged integers beyond 2^53 already, though f32 holds what is left.
  for (const std::vector<double>& identifiers :
       {std::vector<double>{9e15, 9e15 + 8, 1e17}, std::vector<double>{0x1.0p60, 0x1.0p61},
        std::vector<double>{0x1.0p53, 0x1.0p53}}) {
    EXPECT_EQ(choose_origin(identifiers).warning,
              "has integers above 2^53, of which different ones may be equal in f64");
  }
  EXPECT_EQ(choose_origin(std::vector<double>{6e23, 7e23}).warning, "") << "no identifiers";
  // Decimals lose digits that nothing depends on.
  EXPECT_EQ(choose_origin(std::vector<double>{1000.1, 1000.2, 1000.3, 1000.4}).warning, "");
}

TEST(Origins, MergingIsNoticedBesideValuesThatAreFarAway) {
  EXPECT_TRUE(merge_in_f32(std::vector<double>{5412345.1, 0, 5412345.2}));
  EXPECT_FALSE(merge_in_f32(std::vector<double>{541.1, 0, 541.2}));
  // Of computed numbers, f32 always merges a few.
  EXPECT_FALSE(merge_in_f32(std::vector<double>{0.1234567891234, 0.1234567891235, 0.5, 0.7}));
  EXPECT_EQ(choose_origin(std::vector<double>{5412345.1, 5412345.2, 5412345.1, 0}).warning, "");
}

LoadedData loaded(const std::string& text, LoadOptions options = {}) {
  const ScratchFolder folder;
  options.data = folder.write("a.csv", text);
  return load_data(options);
}

TEST(Origins, ATableKeepsDifferencesAndGivesTheDatasUnits) {
  const LoadedData data =
      loaded("t,label\n1700000000,0\n1700000001,1\n1700000004,1\n", {.task = Task::regression});
  const Table& table = test::as_table(data.train);
  EXPECT_THAT(table.origins().features, ElementsAre(1700000002));  // the mean, as an integer
  EXPECT_THAT(std::vector<float>(table.features(), table.features() + 3), ElementsAre(-2, -1, 2));
  std::array<float, 2> features{};
  const std::array<std::int64_t, 2> indices{0, 2};
  table.gather(indices, BufferView(features.data(), 2), {});
  EXPECT_THAT(features, ElementsAre(1.7e9F, 1.7e9F)) << "as f32 has them";
}

TEST(Origins, ASentinelDoesNotHideThatValuesMerge) {
  const LoadedData data = loaded("t,label\n5412345.1,0\n5412345.2,1\n5412345.1,0\n0,1\n");
  EXPECT_NE(test::as_table(data.train).features()[0], test::as_table(data.train).features()[1]);
}

TEST(Origins, TargetsAreCentredToo) {
  const LoadedData data =
      loaded("x,label\n1,1700000000\n2,1700000001\n3,1700000002\n", {.task = Task::regression});
  EXPECT_EQ(data.train->origins().target, 1700000001);
  EXPECT_THAT(std::vector<float>(test::as_table(data.train).targets(),
                                 test::as_table(data.train).targets() + 3),
              ElementsAre(-1, 0, 1));
  EXPECT_THAT(data.train->origins().features, IsEmpty());
}

TEST(Origins, ATestSetHasThoseOfTheTraining) {
  const ScratchFolder folder;
  const std::string train = folder.write("a.csv", "t,label\n1700000000,0\n1700000002,1\n");
  const std::string test = folder.write("b.csv", "label,t\n1,1700000007\n0,5\n");
  const LoadedData data = load_data({.data = train, .test_data = test});
  EXPECT_EQ(data.test->origins(), data.train->origins());
  EXPECT_EQ(test::as_table(data.test).features()[0], 6);
  EXPECT_EQ(test::as_table(data.test).features()[1], static_cast<float>(5.0 - 1700000001));
}

TEST(Origins, MergingValuesAreANoticeThatNamesTheColumn) {
  const LoadedData data = loaded("id,label\n1,0\n2,1\n3000000000000,1\n");
  EXPECT_THAT(data.summary.notices,
              ElementsAre(testing::EndsWith(
                  "a.csv: column id has different values that are equal in f32, even "
                  "as distances from their mean, so the model cannot tell them apart. "
                  "Leave an identifier out with --drop.")));
}

}  // namespace
}  // namespace dga
