// SPDX-License-Identifier: Apache-2.0

#include "dga/launch/rank_facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

namespace dga {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::StartsWith;

Fact rate(const std::string& value) {
  return {"lr", value, "Start all ranks with the same options."};
}

TEST(RankFacts, ADifferenceNamesTheFactTheValuesAndTheRanks) {
  EXPECT_EQ(difference({{{rate("0.003")}, {0}, {"a"}}, {{rate("0.1")}, {1}, {"a"}}}, true),
            "[launch] lr: expected the same on all ranks, found 0.003 on rank 0 and 0.1 on rank 1. "
            "Start all ranks with the same options.");
}

TEST(RankFacts, EqualFactsAreNoDifference) {
  EXPECT_EQ(difference({{{rate("1")}, {0, 1}, {"a", "b"}}}, true), "");
  EXPECT_EQ(difference({{{rate("1")}, {0}, {"a"}}, {{rate("1")}, {1}, {"b"}}}, true), "");
}

TEST(RankFacts, RanksWithTheSameValueStandTogether) {
  // They are in different groups because of another fact.
  const Fact seed{"seed", "1", ""};
  const Fact other_seed{"seed", "2", ""};
  EXPECT_EQ(difference({{{rate("1"), seed}, {0, 2, 3, 4}, {"a", "a", "a", "a"}},
                        {{rate("2"), seed}, {1}, {"a"}},
                        {{rate("1"), other_seed}, {5, 7}, {"a", "a"}},
                        {{rate("2"), other_seed}, {6}, {"a"}}},
                       true),
            "[launch] lr: expected the same on all ranks, found 1 on ranks 0, 2-5, 7 and 2 on "
            "ranks 1, 6; seed differs too. Start all ranks with the same options.");
}

TEST(RankFacts, HostsAreNamedWhereThereAreSeveral) {
  EXPECT_THAT(
      difference({{{rate("1")}, {0, 1, 2}, {"a", "b", "b"}}, {{rate("2")}, {3}, {"c"}}}, true),
      HasSubstr("found 1 on ranks 0-2 (a and others) and 2 on rank 3 (c)."));
}

TEST(RankFacts, OnlyTheFirstValuesAndNamesAreListed) {
  std::vector<RankFacts> groups;
  for (int rank = 0; rank < 5; ++rank) {
    std::vector<Fact> facts;
    for (const char* name : {"a", "b", "c", "d", "e", "f"}) {
      facts.push_back({name, std::to_string(rank), "Stop."});
    }
    groups.push_back({facts, {rank}, {"host"}});
  }
  EXPECT_EQ(difference(groups, true),
            "[launch] a: expected the same on all ranks, found 0 on rank 0, 1 on rank 1, 2 on rank "
            "2, and other values; b, c, d and 2 more differ too. Stop.");
}

TEST(RankFacts, AFactThatSomeRanksLackIsNothingThere) {
  EXPECT_THAT(difference({{{rate("1")}, {0}, {"a"}}, {{}, {1}, {"a"}}}, true),
              HasSubstr("found 1 on rank 0 and nothing on rank 1."));
}

TEST(RankFacts, LongValuesAreShownWhereTheyBeginToDiffer) {
  const std::string common(500, 'x');
  const std::string text = difference(
      {{{rate(common + "one")}, {0}, {"a"}}, {{rate(common + "two")}, {1}, {"a"}}}, true);
  EXPECT_THAT(text, HasSubstr("found ...xxxxxxxxxxxxxxxone on rank 0 and ...xxxxxxxxxxxxxxxtwo on "
                              "rank 1."));
}

TEST(RankFacts, AFactThatIsNotRequiredIsADifferenceOfItsOwn) {
  const Fact fast{"processor", "fast", "Mind it.", false};
  const Fact slow{"processor", "slow", "Mind it.", false};
  const std::vector<RankFacts> groups{{{fast}, {0}, {"a"}}, {{slow}, {1}, {"b"}}};
  EXPECT_EQ(difference(groups, true), "");
  EXPECT_EQ(difference(groups, false),
            "[launch] processor: expected the same on all ranks, found fast on rank 0 (a) and slow "
            "on rank 1 (b). Mind it.");
}

TEST(RankFacts, ComeBackFromTheirText) {
  const std::vector<Fact> facts{
      {"a", "", "", true}, {"b", "two words", "Do.", false}, {"", "", ""}};
  EXPECT_EQ(facts_from(text_of(facts)), facts);
  EXPECT_EQ(facts_from(text_of({})), std::vector<Fact>{});
  const std::string with_nul("x\0y\n", 4);
  EXPECT_EQ(facts_from(text_of({{"a", with_nul, ""}})),
            (std::vector<Fact>{{"a", "x\\x00y\\x0a", ""}}));
}

TEST(RankFacts, ALaunchComparesItsOptionsAndThoseOfItsCaller) {
  const LaunchOptions options{
      .workers = 2, .timeout_s = 7, .seed = 3, .facts = {{"seed", "mine", ""}}};
  const std::vector<Fact> facts = launch_facts(options);
  const auto value_of = [&](const std::string& name) {
    std::string values;
    for (const Fact& fact : facts) {
      values += fact.name == name ? fact.value + ";" : "";
    }
    return values;
  };
  EXPECT_EQ(value_of("workers"), "2;");
  EXPECT_EQ(value_of("timeout"), "7;");
  EXPECT_EQ(value_of("seed"), "mine;");
  EXPECT_THAT(value_of("version of dga"), StartsWith("0."));
  LaunchOptions with_mesh = options;
  with_mesh.mesh = MeshSizes{.data = 1, .tensor = 2};
  EXPECT_NE(text_of(launch_facts(with_mesh)), text_of(facts));
}

TEST(RankFacts, AVariableThatChangesResultsIsOneOfThem) {
  for (const char* name : {"ATEN_CPU_CAPABILITY", "MKL_CBWR", "MKL_ENABLE_INSTRUCTIONS",
                           "ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA", "ONEDNN_DEFAULT_FPMATH_MODE",
                           "DNNL_DEFAULT_FPMATH_MODE", "TORCH_MKLDNN_MATMUL_MIN_DIM",
                           "TORCH_MKLDNN_MATMUL_MIN_SIZE", "OPENBLAS_CORETYPE", "GLIBC_TUNABLES"}) {
    ASSERT_EQ(std::getenv(name), nullptr);
    EXPECT_THAT(launch_facts({}), Contains(testing::Field(&Fact::name, name)));
    const std::string before = text_of(launch_facts({}));
    setenv(name, "value", 1);
    EXPECT_NE(text_of(launch_facts({})), before) << name;
    unsetenv(name);
    EXPECT_EQ(text_of(launch_facts({})), before);
  }
}

TEST(RankFacts, ProcessorsAreLeftOutWhereKernelsAreFixed) {
  const auto has_processor = [] {
    const auto facts = launch_facts({});
    return std::any_of(facts.begin(), facts.end(),
                       [](const Fact& fact) { return fact.name == "processor"; });
  };
  EXPECT_TRUE(has_processor());
  setenv("ATEN_CPU_CAPABILITY", "avx2", 1);
  EXPECT_TRUE(has_processor());
  setenv("MKL_CBWR", "AVX2", 1);
  EXPECT_FALSE(has_processor());
  unsetenv("ATEN_CPU_CAPABILITY");
  unsetenv("MKL_CBWR");
}

}  // namespace
}  // namespace dga
