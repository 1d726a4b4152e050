// SPDX-License-Identifier: Apache-2.0
//
// Parquet files that pyarrow wrote: tests/data/parquet/make_parquet.py.

#include "dga/data/formats/parquet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dga/base/random.h"
#include "dga/data/formats/csv/csv.h"
#include "dga/data/formats/format.h"
#include "tests/support/error_of.h"

namespace dga {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string content(const std::string& name) {
  return read_all(*open_file("tests/data/parquet/" + name + ".parquet"));
}

SourcePtr file(const std::string& name) {
  return source_of(name + ".parquet", content(name));
}

Samples read(const std::string& name, const ReadOptions& options = {}) {
  const std::vector<SourcePtr> files = {file(name)};
  EXPECT_EQ(format_of(*files.front()).name, "Parquet");
  return read_parquet(files, options);
}

std::string refusal(const SourcePtr& source, const ReadOptions& options = {}) {
  return test::error_of<DataError>([&] { read_parquet(std::vector{source}, options); });
}

/// The values of a feature, with its origin.
std::vector<double> feature(const Samples& samples, std::int64_t number) {
  const std::int64_t width = samples.shape.front();
  std::vector<double> values;
  for (std::int64_t i = 0; i < samples.count; ++i) {
    const auto& origins = samples.origins.features;
    values.push_back(static_cast<double>(samples.features[i * width + number]) +
                     (origins.empty() ? 0.0 : origins[static_cast<std::size_t>(number)]));
  }
  return values;
}

std::vector<std::int64_t> labels(const Samples& samples) {
  return {samples.labels.get(), samples.labels.get() + samples.count};
}

/// Of the columns that are features, by name.
std::vector<std::string> features(const Samples& samples) {
  std::vector<std::string> names;
  for (const Column& column : samples.columns.all) {
    if (column.use == ColumnUse::feature || column.use == ColumnUse::category) {
      names.push_back(column.name);
    }
  }
  return names;
}

#ifndef __SANITIZE_THREAD__  // which has a thread of its own
int threads_of_process() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return static_cast<int>(std::distance(begin(tasks), end(tasks)));
}

const int kThreadsBeforeMain = threads_of_process();

// A program with threads cannot be forked, so its workers would be executed again.
TEST(Parquet, ArrowStartsNoThreadBeforeMain) {
  EXPECT_EQ(kThreadsBeforeMain, 1);
}
#endif

TEST(Parquet, ReadsNumbersOfEveryType) {
  const Samples samples = read("types", {.table = {.label = "u8", .drop = "date,y"}});
  ASSERT_EQ(samples.count, 3);
  EXPECT_THAT(labels(samples), ElementsAre(255, 2, 3));
  const std::vector<std::string> names = features(samples);
  const auto values = [&](std::string_view name) {
    const auto at = std::find(names.begin(), names.end(), name) - names.begin();
    return feature(samples, at);
  };
  EXPECT_THAT(values("i8"), ElementsAre(-1, 2, 3));
  EXPECT_THAT(values("u16"), ElementsAre(65535, 2, 3));
  EXPECT_THAT(values("u32"), ElementsAre(4294967295.0, 4294967294.0, 4294967293.0));
  EXPECT_THAT(values("i32"), ElementsAre(-2147483648.0, -2147483647.0, -2147483646.0));
  EXPECT_THAT(values("i64"),
              ElementsAre(-9007199254740992.0, -9007199254740990.0, -9007199254740988.0));
  EXPECT_THAT(values("u64"), testing::Each(18446744073709551616.0));
  EXPECT_THAT(values("f16"), ElementsAre(0.5, -65504, std::ldexp(1.0, -24)));
  EXPECT_THAT(values("f32"),
              ElementsAre(0.1F, std::numeric_limits<float>::lowest(), std::ldexp(1.0, -149)));
  EXPECT_THAT(values("f64"), ElementsAre(0.1F, 1, 0));  // 1 + 2^-24 lies between two floats
  EXPECT_THAT(values("bool"), ElementsAre(1, 0, 1));
  EXPECT_THAT(values("d32"), ElementsAre(1.25, -0.5, 99.99F));
  EXPECT_THAT(values("d256"), ElementsAre(1e-40F, -2, 3));
}

TEST(Parquet, ReadsTimesAsSecondsWhateverTheirUnit) {
  const Samples samples =
      read("types", {.table = {.label = "y", .only = "date,ms,ns,time", .missing = Missing::drop}});
  ASSERT_EQ(samples.count, 2);
  EXPECT_EQ(samples.dropped_samples, 1);
  EXPECT_THAT(feature(samples, 0), ElementsAre(172'800, 172'800));
  EXPECT_THAT(feature(samples, 1), ElementsAre(60.25, 60.25));
  EXPECT_THAT(feature(samples, 2), ElementsAre(60.25, 60.25));
  EXPECT_THAT(feature(samples, 3), ElementsAre(1.5, 1.5));
  EXPECT_THAT(feature(read("int96"), 0), ElementsAre(60.25, 60.25));
}

TEST(Parquet, TakesTextsForCategoriesAndLabels) {
  const Samples samples = read("texts", {.table = {.one_hot = "city,flag"}});
  EXPECT_THAT(samples.label_texts, ElementsAre("x", "y"));
  EXPECT_THAT(labels(samples), ElementsAre(0, 1, 0));
  EXPECT_THAT(samples.columns.all[0].categories, ElementsAre("Bern", "Oslo"));
  EXPECT_THAT(samples.columns.all[2].categories, ElementsAre("False", "True"));
  EXPECT_THAT(feature(samples, 0), ElementsAre(0, 1, 0));
  EXPECT_THAT(feature(samples, 2), ElementsAre(1, 2.5, 3));  // texts that are numbers
  EXPECT_THAT(feature(samples, 4), ElementsAre(1, 0, 1));
}

TEST(Parquet, NamesTheClassesOfBooleansAsCsvHasThem) {
  EXPECT_THAT(read("labels").label_texts, ElementsAre("False", "True"));
  const Samples samples = read("labels", {.task = Task::regression});
  EXPECT_EQ(std::vector(samples.targets.get(), samples.targets.get() + 3),
            (std::vector<float>{1, 0, 1}));
}

TEST(Parquet, RefusesTextsAsNumbers) {
  EXPECT_EQ(
      refusal(file("texts"), {.table = {.drop = "flag"}}),
      "texts.parquet: sample 0: expected a number in column 1 (city), found the text \"Oslo\". "
      "Correct the sample, leave the column out with --drop city, or encode its texts with "
      "--one-hot city.");
  EXPECT_EQ(refusal(file("texts"), {.task = Task::regression, .table = {.drop = "city"}}),
            "texts.parquet: sample 0: expected a number as label in column 4 (kind), found \"x\". "
            "Correct or remove the sample.");
}

TEST(Parquet, TreatsNullNanAndEmptyTextAsMissing) {
  const TableOptions table = {.drop = "n", .one_hot = "k"};
  TableOptions mean = table;
  mean.missing = Missing::mean;
  EXPECT_EQ(
      refusal(file("missing"), {.table = table}),
      "missing.parquet: sample 1: expected a value in column 1 (a), found no value. Fill it in, "
      "or use --missing drop, or mean for numbers.");
  EXPECT_EQ(
      refusal(file("missing"), {.table = mean}),
      "missing.parquet: sample 3: expected a value in column 5 (label), found no value. A label "
      "has no mean: use --missing drop.");
  TableOptions drop = table;
  drop.missing = Missing::drop;
  const Samples samples = read("missing", {.table = drop});
  EXPECT_EQ(samples.count, 1);
  EXPECT_EQ(samples.dropped_samples, 3);
  EXPECT_EQ(samples.place(0), "missing.parquet: sample 0");
  EXPECT_THAT(samples.columns.all[3].categories, ElementsAre("p"));
  const Samples filled =
      read("missing", {.table = {.label = "k", .only = "a,b", .missing = Missing::mean}});
  EXPECT_EQ(filled.missing_samples, 2);
  EXPECT_TRUE(std::isnan(filled.features[2]));
  EXPECT_TRUE(std::isnan(filled.features[5]));
}

TEST(Parquet, RefusesColumnsThatAreNeitherNumbersNorTexts) {
  const std::vector<std::pair<std::string, std::string>> columns = {
      {"list", "a list"}, {"map", "a map"}, {"struct", "a struct"}, {"bytes", "bytes"}};
  std::string drop;
  int number = 0;
  for (const auto& [name, type] : columns) {
    EXPECT_EQ(refusal(file("nested"), {.table = {.drop = drop}}),
              str("nested.parquet: expected numbers or texts in column ", ++number, " (", name,
                  "), found ", type, ". Leave the column out with --drop ", name, "."));
    drop += (drop.empty() ? "" : ",") + name;
  }
  EXPECT_THAT(feature(read("nested", {.table = {.drop = drop}}), 0), ElementsAre(0.5, 1.5));
  EXPECT_THAT(refusal(file("nested"), {.table = {.label = "list"}}),
              HasSubstr("(list), found a list"));
}

TEST(Parquet, LeavesTheIndexOfPandasOut) {
  const Samples samples = read("index");
  EXPECT_THAT(features(samples), ElementsAre("a"));
  EXPECT_EQ(samples.label, "y");
  EXPECT_THAT(
      samples.notices,
      ElementsAre("index.parquet: __index_level_0__ is an index of pandas. It is left out."));
  EXPECT_THAT(features(read("index", {.table = {.only = "__index_level_0__"}})),
              ElementsAre("__index_level_0__"));
  EXPECT_THAT(read("range").notices, IsEmpty());
}

TEST(Parquet, FindsColumnsByTheirNames) {
  EXPECT_THAT(features(read("names")), ElementsAre("café, au lait", "column 2"));
  EXPECT_THAT(features(read("names", {.table = {.drop = "\"café, au lait\""}})),
              ElementsAre("column 2"));
  EXPECT_THAT(features(read("twice")), ElementsAre("a", "a.1"));
  EXPECT_EQ(
      refusal(file("twice"), {.table = {.drop = "a"}}),
      "twice.parquet: expected one column named a as --drop says, found 2. Rename them, or give "
      "the number of the column.");
  EXPECT_EQ(
      refusal(file("groups"), {.table = {.label = "z"}}),
      "groups.parquet: expected the label column as a name or a number in [-3, 3), found --label "
      "z where the table has a, b, y. Correct --label.");
}

TEST(Parquet, MatchesFurtherFilesByName) {
  const Samples first = read("groups");
  const std::vector<SourcePtr> both = {file("groups"), file("groups")};
  EXPECT_EQ(read_parquet(both, {}).count, 20);
  EXPECT_EQ(read_parquet(both, {}).place(15), "groups.parquet: sample 5");
  EXPECT_EQ(
      refusal(file("codec_none"), {.columns = &first.columns}),
      "codec_none.parquet: expected the columns of the training data, found no b. Give the columns "
      "the same names.");
  const Samples csv = read_csv(std::vector{source_of("x.csv", "b,y,a\n1,1,2\n3,0,4\n")},
                               {.columns = &first.columns});
  EXPECT_EQ(csv.count, 2);  // a model of Parquet reads CSV
}

TEST(Parquet, GivesTheSameWithAnyNumberOfThreads) {
  const Samples one = read("groups", {.threads = 1});
  EXPECT_THAT(labels(one), ElementsAre(0, 1, 0, 1, 0, 1, 0, 1, 0, 1));
  for (const int threads : {2, 5, 30}) {
    const Samples more = read("groups", {.threads = threads});
    EXPECT_EQ(std::memcmp(one.features.get(), more.features.get(), 20 * sizeof(float)), 0);
    EXPECT_EQ(labels(one), labels(more));
  }
}

TEST(Parquet, UnpacksEveryUsualCodec) {
  for (const std::string codec : {"snappy", "gzip", "brotli", "zstd", "lz4", "none"}) {
    const Samples samples = read("codec_" + codec);
    EXPECT_EQ(samples.count, 16) << codec;
    EXPECT_EQ(samples.features[15], 2) << codec;
  }
}

TEST(Parquet, RefusesTablesWithoutRows) {
  for (const std::string name : {"none", "no_groups"}) {
    EXPECT_EQ(refusal(file(name)),
              name + ".parquet: expected samples, found a table without rows. Remove the file.");
  }
}

TEST(Parquet, RefusesEncryptedFiles) {
  EXPECT_EQ(format_of(*file("encrypted")).name, "Parquet");
  EXPECT_EQ(
      refusal(file("encrypted")),
      "encrypted.parquet: expected a Parquet file without encryption, found one with. Decrypt it "
      "first.");
  EXPECT_EQ(refusal(file("encrypted_column")),
            "encrypted_column.parquet: expected a Parquet file without encryption, found one with "
            "encrypted columns. Decrypt it first.");
}

TEST(Parquet, RefusesFilesThatAreCutOff) {
  const std::string whole = content("groups");
  for (const std::size_t size : {whole.size() - 1, whole.size() / 2, std::size_t{9}}) {
    const SourcePtr cut = source_of("cut.parquet", whole.substr(0, size));
    EXPECT_EQ(format_of(*cut).name, "Parquet");
    EXPECT_THAT(
        refusal(cut),
        testing::AllOf(
            testing::StartsWith(
                "cut.parquet: expected PAR1 at the end, as every Parquet file has it, found "),
            testing::EndsWith("the file seems cut off. Copy it again.")));
  }
}

TEST(Parquet, IsNotMistakenForCsv) {
  EXPECT_EQ(format_of(*source_of("x.csv", "PAR1,PAR2,label\n1,2,0\n")).name, "CSV");
}

TEST(Parquet, RefusesDamage) {
  std::string footer = content("groups");
  footer[footer.size() - 30] = '\x7f';
  footer[footer.size() - 12] = '\x7f';
  EXPECT_THAT(refusal(source_of("f", footer)),
              HasSubstr("f: expected the footer of a Parquet file, found damage: "));
  std::string page = content("codec_none");  // has checksums
  page[60] = static_cast<char>(page[60] ^ 1);
  EXPECT_THAT(
      refusal(source_of("f", page)),
      testing::AllOf(HasSubstr("f: expected column 1 (a) of row group 0 to be whole, found \""),
                     testing::EndsWith("\". Copy the file again, write it anew, or leave the "
                                       "column out with --drop a.")));
}

TEST(Parquet, RefusesHeadersThatItCannotHave) {
  EXPECT_EQ(refusal(file("groups"), {.table = {.header = HeaderRow::no}}),
            "groups.parquet: expected a table whose first line --header tells about, found "
            "Parquet, whose "
            "columns have names. Leave the option out.");
}

/// Whatever is damaged, the outcome is one line, and the same with any number of threads.
TEST(Parquet, DamagedFilesAreReadOrRefused) {
  const std::vector<std::string> seeds = {content("types"),        content("missing"),
                                          content("groups"),       content("texts"),
                                          content("codec_snappy"), content("nested")};
  RandomStream stream(stream_key(21, "fuzz parquet"));
  int read = 0;
  int refused = 0;
  for (int i = 0; i < 2000; ++i) {
    std::string bytes = seeds[stream.below(seeds.size())];
    for (std::uint64_t change = 0; change <= stream.below(4); ++change) {
      // Mostly the footer, which has the most to go wrong.
      const std::size_t at = stream.below(2) == 0
                                 ? stream.below(bytes.size())
                                 : bytes.size() - 1 - stream.below(bytes.size() / 2);
      bytes[at] = static_cast<char>(stream.below(256));
    }
    ReadOptions options{.threads = 1};
    options.table.missing = stream.below(2) == 0 ? Missing::drop : Missing::error;
    options.table.drop = stream.below(2) == 0 ? "" : "1";
    const auto outcome = [&]() -> std::string {
      try {
        const std::vector<SourcePtr> files = {source_of("f", bytes)};
        const Samples samples = read_with(format_of(*files.front()), files, options);
        EXPECT_GT(samples.count, 0);
        return "";
      } catch (const DataError& error) {
        return error.what();
      } catch (const std::bad_alloc&) {
        return "f: expected samples that fit into memory, found more";  // as read_files says
      }
    };
    const std::string text = outcome();
    (text.empty() ? read : refused) += 1;
    EXPECT_EQ(text.find('\n'), std::string::npos) << text;
    if (!text.empty()) {
      EXPECT_THAT(text, testing::AllOf(HasSubstr(": expected "), HasSubstr(", found ")));
    }
    options.threads = 3;
    EXPECT_EQ(outcome(), text);
  }
  EXPECT_GT(read, 100);
  EXPECT_GT(refused, 800);
}

}  // namespace
}  // namespace dga
