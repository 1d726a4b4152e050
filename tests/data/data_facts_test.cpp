// SPDX-License-Identifier: Apache-2.0

#include "dga/data/data_facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "tests/data/small_tables.h"
#include "tests/support/scratch_folder.h"

namespace dga {
namespace {

using testing::ElementsAre;
using testing::Field;
using testing::MatchesRegex;

std::vector<std::string> values_of(const LoadedData& data) {
  std::vector<Fact> facts;
  add_data_facts(data, facts);
  std::vector<std::string> values;
  for (const Fact& fact : facts) {
    values.push_back(fact.value);
  }
  return values;
}

LoadedData only_training(const std::shared_ptr<const Table>& table) {
  return {.train = table, .test = nullptr};
}

TEST(DataFacts, HaveTheSizeAndTheChecksumOfEachSet) {
  const auto table = test::classification({{1, 2}, {3, 4}, {5, 6}}, {0, 1, 0});
  const auto is_the_table =
      MatchesRegex("3 samples of 2 features, 2 classes, checksum [0-9a-f]{16}");
  EXPECT_THAT(values_of({.train = table, .test = table, .validation = table}),
              ElementsAre("", is_the_table, is_the_table, is_the_table));
  EXPECT_THAT(values_of(only_training(table)), ElementsAre("", is_the_table, "none", "none"));
  LoadedData named = only_training(table);
  named.columns.all = {{.name = "a"}, {.name = "y", .use = ColumnUse::label}};
  EXPECT_EQ(values_of(named).front(), "a (feature), y (label)");
}

TEST(DataFacts, DifferWhereAnythingInTheDataDiffers) {
  const std::vector<std::shared_ptr<const Table>> tables{
      test::classification({{1, 2}, {3, 4}, {5, 6}}, {0, 1, 0}),
      test::classification({{1, 2}, {3, 4}, {5, 6}}, {0, 0, 1}),
      test::classification({{1, 2}, {3, 4}, {5, 6.0000005F}}, {0, 1, 0}),
      test::classification({{3, 4}, {1, 2}, {5, 6}}, {0, 1, 0}),
      test::classification({{1, 2}, {3, 4}, {5, 6}}, {0, 1, 0}, 3),
      test::classification({{1}, {2}, {3}, {4}, {5}, {6}}, {0, 1, 0, 0, 1, 0}),
      std::make_shared<Table>(
          3, std::vector<std::int64_t>{2, 1}, test::flat({{1, 2}, {3, 4}, {5, 6}}),
          test::shared<std::int64_t>({0, 1, 0}), std::vector<std::string>{"0", "1"}),
      std::make_shared<Table>(3, std::vector<std::int64_t>{2}, test::flat({{1, 2}, {3, 4}, {5, 6}}),
                              test::shared<std::int64_t>({0, 1, 0}),
                              std::vector<std::string>{"no", "yes"}),
      std::make_shared<Table>(3, std::vector<std::int64_t>{2}, test::flat({{1, 2}, {3, 4}, {5, 6}}),
                              test::shared<float>({0, 1, 0})),
      std::make_shared<Table>(3, std::vector<std::int64_t>{2}, test::flat({{1, 2}, {3, 4}, {5, 6}}),
                              test::shared<float>({0, 1, 1})),
      std::make_shared<Table>(3, std::vector<std::int64_t>{2}, test::flat({{1, 2}, {3, 4}, {5, 6}}),
                              test::shared<float>({0, 1, 1}), Origins{.target = 5}),
      std::make_shared<Table>(3, std::vector<std::int64_t>{2}, test::flat({{1, 2}, {3, 4}, {5, 6}}),
                              test::shared<float>({0, 1, 1}), Origins{.features = {0, 5}}),
  };
  std::set<std::string> found;
  for (const auto& table : tables) {
    found.insert(values_of(only_training(table)).at(1));
  }
  EXPECT_EQ(found.size(), tables.size());
  EXPECT_NE(values_of({.train = tables[0], .test = tables[1]}),
            values_of({.train = tables[0], .test = tables[0]}));
}

TEST(DataFacts, AreThoseOfCopiesInOtherFolders) {
  const ScratchFolder folder;
  std::vector<std::vector<std::string>> found;
  std::vector<std::vector<Fact>> names;
  for (const char* host : {"first", "second"}) {
    std::filesystem::create_directory(folder.file(host));
    folder.write(std::string(host) + "/train.csv", "1,2,0\n3,4,1\n");
    folder.write(std::string(host) + "/test.csv", "5,6,1\n");
    const LoadOptions options{.data = folder.file(host)};
    found.push_back(values_of(load_data(options)));
    add_file_facts(options, names.emplace_back());
  }
  EXPECT_EQ(found[0], found[1]);
  EXPECT_EQ(names[0], names[1]);
  EXPECT_THAT(names[0], ElementsAre(Field(&Fact::value, "train.csv, test.csv")));
}

TEST(DataFacts, TheNamesOfDataThatIsGoneAreTheErrorOfReadingIt) {
  std::vector<Fact> facts;
  add_file_facts({.data = "data/digits", .test_data = "/nowhere"}, facts);
  EXPECT_THAT(facts, ElementsAre(Field(&Fact::value, testing::HasSubstr("found nothing there"))));
}

}  // namespace
}  // namespace dga
