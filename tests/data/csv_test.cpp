// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/csv/csv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <numeric>
#include <string>
#include <vector>

#include "dga/base/random.h"
#include "tests/data/data_fixture.h"

namespace dga {
namespace {

using testing::ElementsAre;

Samples parse(const std::string& text, const ReadOptions& options = {}) {
  const SourcePtr file = source_of("f.csv", text);
  return read_csv({&file, 1}, options);
}

std::vector<float> features(const Samples& samples) {
  const std::int64_t width = samples.shape.at(0);
  return {samples.features.get(), samples.features.get() + samples.count * width};
}

std::vector<std::int64_t> labels(const Samples& samples) {
  return {samples.labels.get(), samples.labels.get() + samples.count};
}

void expect_the_table(const std::string& text) {
  const Samples samples = parse(text);
  EXPECT_EQ(samples.count, 2) << text;
  EXPECT_THAT(samples.shape, ElementsAre(2)) << text;
  EXPECT_THAT(features(samples), ElementsAre(1.5F, -2.0F, 0.25F, 30.0F)) << text;
  EXPECT_THAT(labels(samples), ElementsAre(7, -1)) << text;
}

TEST(Csv, TheSameTableInAnyUsualDress) {
  expect_the_table("1.5,-2,7\n.25,30,-1\n");
  expect_the_table("1.5,-2,7\n.25,30,-1");        // no final newline
  expect_the_table("1.5,-2,7\r\n.25,30,-1\r\n");  // CRLF
  expect_the_table("1.5,-2,7\r\n.25,30,-1");      // CRLF, no final newline
  expect_the_table(
      "\xef\xbb\xbf"
      "1.5,-2,7\n.25,30,-1\n");  // byte-order mark
  expect_the_table(
      "\xef\xbb\xbf"
      "a,b,y\n1.5,-2,7\n.25,30,-1\n");  // and a header
  expect_the_table("a,b,label\r\n1.5,-2,7\r\n.25,30,-1\r\n");
  expect_the_table("# a,b,y\n1.5,-2,7\n.25,30,-1\n");
  expect_the_table("1.5;-2;7\n.25;30;-1\n");
  expect_the_table("1.5\t-2\t7\n.25\t30\t-1\n");
  expect_the_table(" 1.5 , -2,  7 \n.25\t,3e1,-1.0 \n");  // spaces, other spellings
  expect_the_table("1.5,-2,7\n.25,30,-1\n\n\r\n\n");      // empty lines at the end
  expect_the_table("\"size, cm\",\"w;h\",y\n1.5,-2,7\n.25,30,-1\n");
}

TEST(Csv, TheLabelMayBeAnyColumnByNameOrNumber) {
  const std::string text = "y,a,b\n7,1.5,-2\n-1,.25,30\n";
  for (const char* label : {"y", "0", "-3"}) {
    ReadOptions options;
    options.table.label = label;
    const Samples samples = parse(text, options);
    EXPECT_THAT(features(samples), ElementsAre(1.5F, -2.0F, 0.25F, 30.0F)) << label;
    EXPECT_THAT(labels(samples), ElementsAre(7, -1)) << label;
  }
  ReadOptions options;
  options.table.label = "1";
  const Samples samples = parse("1,5,2\n3,6,4\n", options);
  EXPECT_THAT(features(samples), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(labels(samples), ElementsAre(5, 6));
}

TEST(Csv, RegressionKeepsRealTargets) {
  ReadOptions options;
  options.task = Task::regression;
  const Samples samples = parse("1,0.5\n2,3\n", options);
  EXPECT_EQ(samples.labels, nullptr);
  EXPECT_EQ(samples.targets[0], 0.5F);
  EXPECT_EQ(samples.targets[1], 3.0F);
}

Samples read(const std::string& text, const ReadOptions& options) {
  const SourcePtr file = source_of("f.csv", text);
  return read_csv({&file, 1}, options);
}

TEST(Csv, SamplesThatAreLeftOutDefineNoClassesAndNoCategories) {
  const Samples samples = read("a,b,y\n1,red,L\n,blue,M\n2,green,S\n3,red,S\n",
                               {.table = {.one_hot = "b", .missing = Missing::drop}});
  EXPECT_THAT(samples.label_texts, testing::ElementsAre("L", "S"));
  EXPECT_THAT(samples.columns.all[1].categories, testing::ElementsAre("green", "red"));
  EXPECT_EQ(samples.count, 3);
  EXPECT_EQ(samples.dropped_samples, 1);
}

TEST(Csv, ALabelColumnWithoutValuesIsNotUsedForPrediction) {
  const Columns columns{.all = {{.name = "a"}, {.name = "y", .use = ColumnUse::label}}};
  const Samples samples = read("a,y\n1,\n2,\n", {.columns = &columns, .optional_labels = true});
  EXPECT_EQ(samples.labels, nullptr);
  EXPECT_EQ(samples.count, 2);
  EXPECT_THAT(samples.notices,
              testing::ElementsAre("f.csv:2: column 2 (y), the label, has no values in the first "
                                   "lines. It is not used."));
}

TEST(Csv, AHeaderThatOnlyALaterFileHasIsANotice) {
  const std::vector<SourcePtr> files = {source_of("a.csv", "1,2,0\n"),
                                        source_of("b.csv", "x,z,y\n3,4,1\n")};
  const Samples samples = read_csv(files, {});
  EXPECT_EQ(samples.count, 2);
  EXPECT_THAT(samples.notices,
              testing::ElementsAre("b.csv:1: the first line is taken for a header, though the "
                                   "training data has none. If it is a sample, say so with "
                                   "--header no."));
}

TEST(Csv, SeveralFilesFollowOneAnother) {
  const std::vector<SourcePtr> files = {source_of("a.csv", "x,y\n1,10\n2,20\n"),
                                        source_of("b.csv", "3,30"),
                                        source_of("c.csv", "x,y\n4,40\n")};
  const Samples samples = read_csv(files, {});
  EXPECT_THAT(features(samples), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(labels(samples), ElementsAre(10, 20, 30, 40));
  EXPECT_EQ(samples.place(1), "a.csv:3");
  EXPECT_EQ(samples.place(2), "b.csv:1");
  EXPECT_EQ(samples.place(3), "c.csv:2");
}

std::string made_up_csv(int rows) {
  RandomStream stream(stream_key(3, "csv"));
  std::string text;
  for (int row = 0; row < rows; ++row) {
    for (int column = 0; column < 5; ++column) {
      text += std::to_string(stream.uniform() * 100.0).substr(0, 1 + stream.below(8)) + ",";
    }
    text += std::to_string(row) + (row % 3 == 0 ? "\r\n" : "\n");
  }
  return text;
}

TEST(Csv, NeitherPiecesNorThreadsChangeTheResult) {
  const std::string text = made_up_csv(200);
  ReadOptions whole;
  whole.threads = 1;
  const Samples expected = parse(text, whole);
  ASSERT_EQ(expected.count, 200);
  std::vector<std::int64_t> rows(200);
  std::iota(rows.begin(), rows.end(), std::int64_t{0});
  EXPECT_EQ(labels(expected), rows);
  for (const int threads : {1, 2, 3, 8}) {
    for (const std::int64_t piece : {1, 2, 7, 31, 64, 1000, 100'000}) {
      ReadOptions options;
      options.threads = threads;
      options.piece_bytes = piece;
      const Samples samples = parse(text, options);
      ASSERT_EQ(samples.count, expected.count) << piece;
      EXPECT_EQ(features(samples), features(expected))
          << threads << " threads, pieces of " << piece;
      EXPECT_EQ(labels(samples), labels(expected)) << threads << " threads, pieces of " << piece;
    }
  }
}

TEST(Csv, TheFirstBadLineIsReportedWhateverTheThreads) {
  std::string text =
      made_up_csv(150) + "1,2,x,4,5,50\n" + made_up_csv(20) + "1,2\n" + made_up_csv(5);
  for (const int threads : {1, 2, 4}) {
    for (const std::int64_t piece : {1, 10, 64, 500, 100'000}) {
      ReadOptions options;
      options.threads = threads;
      options.piece_bytes = piece;
      const auto error = test::error_of<DataError>([&] { parse(text, options); });
      EXPECT_THAT(error,
                  testing::StartsWith("f.csv:151: expected a number in field 3 of 6, found \"x\""));
    }
  }
}

// awk -F, '{n[$65]++} END {for (c=0;c<10;c++) printf "%d ", n[c]; print NR}' data/digits/digits.csv
// awk -F, '{for(i=1;i<=64;i++) s+=$i} END {print s}' data/digits/digits.csv
TEST(Csv, DigitsAreAsAwkCountsThem) {
  const SourcePtr file = open_file("data/digits/digits.csv");
  const Samples samples = read_csv({&file, 1}, {});
  EXPECT_EQ(samples.count, 1797);
  EXPECT_THAT(samples.shape, ElementsAre(64));
  std::vector<int> counts(10);
  for (std::int64_t i = 0; i < samples.count; ++i) {
    ++counts.at(static_cast<std::size_t>(samples.labels[i]));
  }
  EXPECT_THAT(counts, ElementsAre(178, 182, 177, 183, 181, 182, 181, 179, 174, 180));
  const auto values = features(samples);
  EXPECT_EQ(std::accumulate(values.begin(), values.end(), 0.0), 561718.0);
  EXPECT_EQ(values[2], 5.0F);
}

}  // namespace
}  // namespace dga
