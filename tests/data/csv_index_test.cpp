// SPDX-License-Identifier: Apache-2.0
//
// Columns that are left out as an index, and labels with leading zeros.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "dga/data/formats/csv/csv.h"
#include "dga/data/formats/table/index.h"
#include "tests/data/data_fixture.h"

namespace dga {
namespace {

using testing::ElementsAre;

Samples read_pieces(const std::vector<std::string>& texts, ReadOptions options = {}) {
  options.piece_bytes = 64;  // several pieces
  std::vector<SourcePtr> files;
  for (const std::string& text : texts) {
    files.push_back(source_of("f.csv", text));
  }
  return read_csv(files, options);
}

std::string error_of_pieces(const std::vector<std::string>& texts,
                            const ReadOptions& options = {}) {
  return test::error_of<DataError>([&] { read_pieces(texts, options); });
}

/// A table whose first column has no name, and these values in it.
std::string indexed(const std::vector<int>& index, const std::string& name = "") {
  std::string text = name + ",a,label\n";
  for (const int value : index) {
    text += std::to_string(value) + ",1.5," + std::to_string(value % 2) + "\n";
  }
  return text;
}

std::vector<int> shuffled(int count) {
  std::vector<int> index;
  for (int i = 0; i < count; ++i) {
    index.push_back(i * 7 % count);
  }
  return index;
}

TEST(CsvIndex, RunsKnowWhetherAnIntegerRepeats) {
  IntegerRuns runs;
  for (const int integer : {5, 6, 7, 1, 2, 9, INT32_MAX}) {
    runs.add(integer);
  }
  runs.add(INT64_MAX);
  EXPECT_FALSE(runs.repeat());
  IntegerRuns more = runs;
  more.add(std::int64_t{6});
  EXPECT_TRUE(more.repeat());
  IntegerRuns last;
  last.add(INT64_MAX);
  runs.add(last);
  EXPECT_TRUE(runs.repeat());
}

TEST(CsvIndex, IsLeftOutIfAllItsIntegersAreDifferent) {
  EXPECT_EQ(read_pieces({indexed(shuffled(300))}).shape.front(), 1);
  EXPECT_EQ(read_pieces({indexed(shuffled(300)), indexed(shuffled(10))}).shape.front(), 1)
      << "each file counts anew";
}

TEST(CsvIndex, ThatRepeatsLaterIsAnError) {
  std::vector<int> index = shuffled(300);
  index.push_back(index[20]);
  for (const bool in_place : {false, true}) {
    const ReadOptions options{.in_place = in_place};
    EXPECT_EQ(error_of_pieces({indexed(index)}, options),
              "f.csv:302: expected another integer in column 1, which is left out as an index, "
              "found 140 as in line 22. Leave the column out with --drop 0, or give it a name of "
              "its own to train on it.");
  }
  EXPECT_EQ(read_pieces({indexed(shuffled(10)), indexed(index, "Unnamed: 0")}).count, 311)
      << "the training has no such column";
  EXPECT_EQ(error_of_pieces({indexed(index, "Unnamed: 0")}),
            "f.csv:302: expected another integer in column 1 (Unnamed: 0), which is left out as an "
            "index, found 140 as in line 22. Leave the column out with --drop '\"Unnamed: 0\"', or "
            "give it a name of its own to train on it.");
  EXPECT_EQ(read_pieces({indexed(index)}, {.table = {.drop = "0"}}).shape.front(), 1);
  EXPECT_EQ(read_pieces({indexed(index)}, {.table = {.only = "0,a"}}).shape.front(), 2);
}

TEST(CsvIndex, WithOtherValuesLaterIsAnError) {
  for (const char* value : {"x", "", "1.5", "?"}) {
    const std::string text = indexed(shuffled(150)) + value + ",2,1\n";
    const std::string found =
        std::string(value).empty() ? "an empty field" : "\"" + std::string(value) + "\"";
    for (const Missing missing : {Missing::error, Missing::drop, Missing::mean}) {
      EXPECT_EQ(error_of_pieces({text}, {.table = {.missing = missing}}),
                "f.csv:152: expected an integer in field 1 of 3, which is left out as an index, "
                "found " +
                    found +
                    ". Leave the column out with --drop 0, or give it a name of its own to train "
                    "on it.");
    }
  }
}

TEST(CsvLabels, WithLeadingZerosAreNotMergedWithOthers) {
  const std::string expected = "f.csv: expected each label in one form, found ";
  const std::string advice =
      ", which are the same integer. Write it in one form, or take all labels as texts with --task "
      "classification.";
  EXPECT_EQ(error_of_pieces({"a,label\n1,007\n2,7\n3,8\n"}),
            expected + "\"007\" and \"7\"" + advice);
  EXPECT_EQ(error_of_pieces({"a,label\n1,007\n2,9\n", "a,label\n3,8\n2,07\n"}),
            expected + "\"007\" and \"07\"" + advice);
  EXPECT_EQ(error_of_pieces({"a,label\n1,\"-01\"\n2,-1\n3,-01\n"}, {.in_place = true}),
            expected + "\"-01\" and \"-1\"" + advice);
  EXPECT_THAT(
      read_pieces({"a,label\n1,007\n2,7\n3,8\n"}, {.task = Task::classification}).label_texts,
      ElementsAre("007", "7", "8"));
  const Samples padded = read_pieces({"a,label\n1,007\n2,010\n3, 007\n"});
  EXPECT_EQ(padded.labels[0], 7);
  EXPECT_EQ(padded.labels[2], 7);
  EXPECT_EQ(read_pieces({"a,label\n1,0\n2,-0\n3,00.5e1\n"}, {.task = Task::regression}).count, 3);
}

}  // namespace
}  // namespace dga
