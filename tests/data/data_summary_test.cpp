// SPDX-License-Identifier: Apache-2.0

#include "dga/data/data_summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "dga/data/load.h"
#include "tests/support/error_of.h"
#include "tests/support/made_up_data.h"

namespace dga {
namespace {

DataSummary small_summary() {
  return {.files = {{"d/train.csv", FileUse::train},
                    {"d/val.csv", FileUse::validation},
                    {"d/test.csv", FileUse::test},
                    {"d/a.csv~", FileUse::ignored, "an editor's backup"}},
          .label = "species",
          .features = 4,
          .classes = {{"setosa", 50}, {"virginica", 49}},
          .notices = {"d/a.csv~: ignored, because it is an editor's backup."}};
}

std::vector<std::string> lines_of(const DataSummary& summary, std::size_t most_files = 4) {
  std::vector<std::string> lines;
  for (const SummaryLine& line : summary_lines(summary, most_files)) {
    lines.push_back(line.heading + " | " + line.text);
  }
  return lines;
}

TEST(DataSummary, SaysWhatEachFileIsUsedAs) {
  EXPECT_THAT(lines_of(small_summary()),
              testing::ElementsAre("files | train: d/train.csv; validation: d/val.csv; test: "
                                   "d/test.csv; ignored: d/a.csv~ (an editor's backup)",
                                   "label | species", "features | 4",
                                   "classes | 2: setosa (50), virginica (49)"));
}

TEST(DataSummary, CountsTheImagesOfClassFolders) {
  const DataSummary summary{
      .files = {{.path = "d/cat", .images = 2}, {.path = "d/dog", .images = 1}}};
  EXPECT_EQ(lines_of(summary).front(), "files | train: d/cat (2 images), d/dog (1 image)");
  EXPECT_EQ(data_summary_from_json(to_json(summary), "here"), summary);
}

TEST(DataSummary, CountsManyFilesAndClasses) {
  DataSummary summary{.features = 1};
  for (int i = 0; i < 10'000; ++i) {
    summary.files.push_back({.path = std::to_string(i)});
    summary.classes.push_back({.name = std::to_string(i), .samples = 20'000 - i});
  }
  EXPECT_THAT(lines_of(summary, 2),
              testing::ElementsAre("files | train: 10000 files, 0, 1, …", "features | 1",
                                   "classes | 10000, the smallest 9999 (10001), the largest 0 "
                                   "(20000)"));
}

TEST(DataSummary, ShowsNamesPrintable) {
  DataSummary summary{.label = "a\nb"};
  summary.files.push_back({.path = "x\x1b[2J"});
  EXPECT_THAT(lines_of(summary),
              testing::ElementsAre("files | train: x\\x1b[2J", "label | a\\x0ab", "features | 0"));
}

TEST(DataSummary, IsReadBackAsItWas) {
  EXPECT_EQ(data_summary_from_json(to_json(small_summary()), "c.json"), small_summary());
  EXPECT_EQ(data_summary_from_json(to_json(DataSummary{}), "c.json"), DataSummary{});
  for (const std::string text : {"", "{}", "[]", "{\"label\": 1}"}) {
    EXPECT_EQ(test::error_of<DataError>([&] { data_summary_from_json(text, "c.json"); }),
              "c.json: expected the summary of a dataset, found JSON that is damaged or says "
              "something else. Was the file changed?");
  }
}

TEST(DataSummary, OfArraysHasFeaturesAndClasses) {
  const DataSummary classes = summary_of(test::made_up_classes(31));
  EXPECT_THAT(classes.files, testing::IsEmpty());
  EXPECT_EQ(classes.features, 6);
  EXPECT_THAT(classes.classes,
              testing::ElementsAre(DataSummary::Class{"0", 11}, DataSummary::Class{"1", 10},
                                   DataSummary::Class{"2", 10}));
  const DataSummary line = summary_of(test::made_up_line(31));
  EXPECT_EQ(line.features, 2);
  EXPECT_THAT(line.classes, testing::IsEmpty());
}

}  // namespace
}  // namespace dga
