// SPDX-License-Identifier: Apache-2.0

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "dga/data/formats/csv/csv.h"
#include "dga/data/formats/csv/head.h"
#include "dga/data/formats/table/column_names.h"
#include "dga/data/formats/table/columns.h"
#include "dga/data/formats/table/match.h"
#include "tests/data/data_fixture.h"

namespace dga {
namespace {

using testing::ElementsAre;

TableHead head_of(const std::string& text, const ReadOptions& options = {}) {
  return read_csv_head(*source_of("f.csv", text), options, options.columns);
}

/// The uses of the columns, such as "feature label".
std::string uses(const std::string& text, const ReadOptions& options = {}) {
  std::string uses;
  for (const Column& column : choose_columns(head_of(text, options), options, "f.csv").all) {
    uses += (uses.empty() ? "" : " ") + std::string(name_in(kColumnUseNames, column.use));
  }
  return uses;
}

std::string error_of_choice(const std::string& text, const ReadOptions& options = {}) {
  return test::error_of<DataError>([&] { uses(text, options); });
}

Samples read_all(const std::vector<std::string>& texts, const ReadOptions& options) {
  std::vector<SourcePtr> files;
  for (const std::string& text : texts) {
    files.push_back(source_of("f.csv", text));
  }
  return read_csv(files, options);
}

std::string error_of_reading(const std::vector<std::string>& texts, const ReadOptions& options) {
  return test::error_of<DataError>([&] { read_all(texts, options); });
}

TEST(CsvColumns, TheLabelIsTheColumnWithAUsualNameOrElseTheLast) {
  EXPECT_EQ(uses("Label,a,b\n0,1,2\n"), "label feature feature");
  EXPECT_EQ(uses("a,CLASS,b\n1,0,2\n"), "feature label feature");
  EXPECT_EQ(uses("target,a\n1,0\n"), "label feature");
  EXPECT_EQ(uses("y,a\n1,0\n"), "label feature");
  EXPECT_EQ(uses("a,b,kind\n1,0,2\n"), "feature feature label");
  EXPECT_EQ(uses("1,0,2\n"), "feature feature label");
}

TEST(CsvColumns, SeveralColumnsThatMayBeTheLabelAreAnError) {
  EXPECT_EQ(error_of_choice("label,a,Y\n0,1,2\n"),
            "f.csv:1: expected one column named label, class, target or y, found label, Y. Choose "
            "one with --label.");
  EXPECT_EQ(uses("label,a,Y\n0,1,2\n", {.table = {.label = "Y"}}), "feature feature label");
}

TEST(CsvColumns, ANameThatStandsTwiceSelectsNothing) {
  EXPECT_EQ(error_of_choice("a,k,k\n0,1,2\n", {.table = {.label = "k"}}),
            "f.csv:1: expected one column named k as --label says, found 2. Rename them, or give "
            "the number of the column.");
  EXPECT_EQ(uses("a,k,k\n0,1,2\n", {.table = {.label = "1"}}), "feature label feature");
}

TEST(CsvColumns, AnIndexOfPandasIsLeftOut) {
  EXPECT_EQ(uses(",a,label\n0,5,1\n1,6,0\n"), "dropped feature label");
  EXPECT_EQ(uses(",a,label\n7,5,1\n3,6,0\n"), "dropped feature label");
  EXPECT_EQ(uses(",a,label\n7,5,1\n7,6,0\n"), "feature feature label") << "not different";
  EXPECT_EQ(uses(",a,label\n0.5,5,1\n1.5,6,0\n"), "feature feature label") << "not integers";
  const SourcePtr file = source_of("f.csv", ",a,label\n0,5,1\n1,6,0\n");
  EXPECT_THAT(read_csv({&file, 1}, {}).notices,
              ElementsAre("f.csv:1: the first column has no name and holds different integers. It "
                          "is left out, as an index."));
  // An index that was read and written again, beside a new one.
  EXPECT_EQ(uses("Unnamed: 0,a,label\n7,5,1\n3,6,0\n"), "dropped feature label");
  EXPECT_EQ(uses(",Unnamed: 0,a,label\n0,7,5,1\n1,3,6,0\n"), "dropped dropped feature label");
  EXPECT_EQ(uses("Unnamed: 0.1,Unnamed: 0,a,label\n0,7,5,1\n1,3,6,0\n"),
            "dropped dropped feature label");
  EXPECT_EQ(uses("Unnamed: 0,label\n7,1\n3,0\n"), "feature label") << "no other feature";
}

TEST(CsvColumns, DropAndOnlyChooseFeatures) {
  const std::string text = "id,\"a, b\",c,label\n1,2,3,0\n";
  EXPECT_EQ(uses(text, {.table = {.drop = "id"}}), "dropped feature feature label");
  EXPECT_EQ(uses(text, {.table = {.drop = "\"a, b\",0"}}), "dropped dropped feature label");
  EXPECT_EQ(uses(text, {.table = {.only = "c"}}), "dropped dropped feature label");
  EXPECT_EQ(uses("1,2,3\n", {.table = {.drop = "-2"}}), "feature dropped label");
  EXPECT_EQ(uses("a,b,c\n1,2,3\n", {.table = {.drop = "c"}}), "feature label dropped")
      << "the last that is left";
}

TEST(CsvColumns, WhatCannotBeChosenIsAnError) {
  const std::string text = "a,b,label\n1,2,0\n";
  EXPECT_EQ(error_of_reading({text}, {.table = {.drop = "c"}}),
            "f.csv:1: expected a column as a name of the header or a number in [-3, 3), found "
            "--drop c where the header has a, b, label. Correct --drop.");
  EXPECT_EQ(error_of_choice(text, {.table = {.label = "a", .drop = "a"}}),
            "f.csv:1: expected a label that is not left out, found column 1 (a) as label and as "
            "--drop. Correct one of them.");
  EXPECT_EQ(error_of_choice(text, {.table = {.one_hot = "label"}}),
            "f.csv:1: expected features as --one-hot, found column 3 (label), which is the label. "
            "Correct --one-hot.");
  EXPECT_EQ(error_of_choice(text, {.table = {.drop = "a,b"}}),
            "f.csv:1: expected at least 2 columns (features and a label), found 3 of which no "
            "feature is left. Name other columns in --drop and --only.");
}

TEST(CsvColumns, TextFeaturesAreRefusedUnlessTheyAreLeftOutOrEncoded) {
  const std::string text = "city,x,label\nRome,1,0\nOslo,2,1\n";
  EXPECT_EQ(
      error_of_choice(text),
      "f.csv:2: expected a number in column 1 (city), found the text \"Rome\". Correct the "
      "line, leave the column out with --drop city, or encode its texts with --one-hot city.");
  EXPECT_EQ(uses(text, {.table = {.drop = "city"}}), "dropped feature label");
  EXPECT_EQ(uses(text, {.table = {.one_hot = "city"}}), "category feature label");
}

/// For each column of `text`, its position among those of `first`.
std::vector<std::int64_t> match(const std::string& first, const std::string& text,
                                const ReadOptions& options = {}) {
  const Columns columns = choose_columns(head_of(first), {}, "first.csv");
  ReadOptions reading = options;
  reading.columns = &columns;
  return match_columns(head_of(text, reading), columns, options, "f.csv", "first.csv");
}

std::string error_of_match(const std::string& first, const std::string& text,
                           const ReadOptions& options) {
  return test::error_of<DataError>([&] { match(first, text, options); });
}

TEST(CsvColumns, AreMatchedByName) {
  EXPECT_THAT(match("a,b,y\n1,2,0\n", "b,y,a\n1,0,2\n"), ElementsAre(1, 2, 0));
  EXPECT_THAT(match("a,b,y\n1,2,0\n", "b,a\n1,2\n", {.optional_labels = true}), ElementsAre(1, 0));
  EXPECT_THAT(match("a,a,y\n1,2,0\n", "y,a,a\n1,2,3\n"), ElementsAre(2, 0, 1));
  EXPECT_THAT(match("a,b,y\n1,2,0\n", "b,extra,y,a\n1,9,0,2\n", {.table = {.drop = "extra"}}),
              ElementsAre(1, -1, 2, 0));
  EXPECT_THAT(match("a,b,y\n1,2,0\n", ",b,y,a\n0,1,0,2\n1,1,0,2\n"), ElementsAre(-1, 1, 2, 0))
      << "an index is left out";
  // Samples to predict may have a label of another name.
  EXPECT_THAT(match("a,b,y\n1,2,0\n", "b,kind,a\n1,0,2\n",
                    {.table = {.label = "kind"}, .optional_labels = true}),
              ElementsAre(1, 2, 0));
  // The number of the label is that of the first file.
  EXPECT_THAT(match("y,a,b\n0,1,2\n", "a,y,b\n1,0,2\n", {.table = {.label = "0"}}),
              ElementsAre(1, 0, 2));
}

TEST(CsvColumns, SamplesToPredictMayLeaveColumnsOut) {
  const auto left_out = [](const std::string& drop) {
    return ReadOptions{.table = {.drop = drop}, .optional_labels = true};
  };
  // A column without a name, after a final comma, by its number or as messages call it.
  for (const char* drop : {"2", "column 3"}) {
    EXPECT_THAT(match("a,b,y\n1,2,0\n", "a,b,\n1,2,\n", left_out(drop)), ElementsAre(0, 1, -1));
  }
  EXPECT_THAT(match("a,b,y\n1,2,0\n", "a,b,y\n1,2,\n", left_out("y")), ElementsAre(0, 1, -1));
  EXPECT_THAT(match("1,2,0\n", "7,1,2,0\n", left_out("0")), ElementsAre(-1, 0, 1, 2));
  EXPECT_EQ(error_of_match("a,b,y\n1,2,0\n", "a,b\n1,2\n", left_out("a")),
            "f.csv:1: expected the columns of first.csv, found no a. Give the columns the same "
            "names.");
  const Columns columns = choose_columns(head_of("a,b,y\n1,2,0\n"), {}, "first.csv");
  const auto drop_of = [&](const std::string& drop) {
    return ReadOptions{.table = {.drop = drop}, .columns = &columns, .optional_labels = true};
  };
  EXPECT_EQ(error_of_reading({"a,b\n1,2\n", "a,b\n1,2\n"}, drop_of("c")),
            "f.csv:1: expected a column as a name of the header or a number in [-2, 2), found "
            "--drop c where the header has a, b. Correct --drop.");
  EXPECT_EQ(read_all({"a,b\n1,2\n", "a,b,c\n1,2,3\n"}, drop_of("c")).count, 2);
  EXPECT_EQ(read_all({"a,b,\n1,2,3\n"}, drop_of("column 3")).count, 1);
}

TEST(CsvColumns, ListsOfNamesAreQuotedAsInCsv) {
  EXPECT_THAT(names_in("a,\"b,c\",d"), ElementsAre("a", "b,c", "d"));
  EXPECT_EQ(
      test::error_of<DataError>([] { names_in("a,\"\""); }),
      "[data] names of columns: expected names or numbers, found an empty name in a,\"\". Give "
      "the number of a column without a name.");
  for (const char* list : {"\"id\"x", "\"id"}) {
    EXPECT_EQ(test::error_of<DataError>([&] { names_in(list); }),
              str("[data] names of columns: expected a list such as a,b or \"a,b\",c, found ", list,
                  ". Give each quote its end, with a comma after it."));
  }
}

TEST(CsvColumns, NamesThatAreMissingOrLeftOverAreListed) {
  EXPECT_EQ(test::error_of<DataError>([] { match("a,b,c,y\n1,2,3,0\n", "a,d,y,e\n1,2,0,3\n"); }),
            "f.csv:1: expected the columns of first.csv, found no b, c, and in addition d, e. Give "
            "the columns the same names, or leave others out with --drop.");
  EXPECT_EQ(test::error_of<DataError>([] { match("a,b,y\n1,2,0\n", "a,y\n1,0\n"); }),
            "f.csv:1: expected the columns of first.csv, found no b. Give the columns the same "
            "names.");
  EXPECT_EQ(test::error_of<DataError>([] { match("a,b,y\n1,2,0\n", "a,b\n1,0\n"); }),
            "f.csv:1: expected the columns of first.csv, found no y. Give the columns the same "
            "names.")
      << "a label is needed here";
}

TEST(CsvColumns, AreMatchedByPositionWithoutNames) {
  EXPECT_THAT(match("y,a,b\n0,1,2\n", "0,1,2\n"), ElementsAre(0, 1, 2));
  EXPECT_THAT(match("y,a,b\n0,1,2\n", "1,2\n", {.optional_labels = true}), ElementsAre(1, 2));
  EXPECT_THAT(match("1,2,0\n", "0,1,2\n", {.table = {.label = "0"}, .optional_labels = true}),
              ElementsAre(2, 0, 1));
  EXPECT_EQ(test::error_of<DataError>([] { match("a,b,y\n1,2,0\n", "1,2\n"); }),
            "f.csv:1: expected 3 columns as in first.csv, found 2. Give the same columns as "
            "there.");
  EXPECT_EQ(test::error_of<DataError>(
                [] { match("a,b,y\n1,2,0\n", "1,2,3,4\n", {.optional_labels = true}); }),
            "f.csv:1: expected 2 columns (the features), or 3 (and a label), as the model was "
            "trained on, found 4. Give the same columns as there.");
}

TEST(CsvColumns, ANameToDropMayBeOneOfAnyFile) {
  const std::string with = "c,a,label\n7,1,0\n8,2,1\n";
  const std::string without = "a,label\n1,0\n2,1\n";
  const ReadOptions drop{.table = {.drop = "c"}};
  for (const auto& files : {std::vector{with, without}, std::vector{without, with}}) {
    EXPECT_EQ(read_all(files, drop).shape.front(), 1);
    EXPECT_EQ(read_all(files, {.table = {.only = "a"}}).shape.front(), 1);
  }
  EXPECT_EQ(error_of_reading({without, without}, drop),
            "f.csv:1: expected a column as a name of the header or a number in [-2, 2), found "
            "--drop c where the header has a, label. Correct --drop.");
  // The numbers are those of the first file.
  EXPECT_EQ(error_of_reading({without, with}, {.table = {.drop = "2"}}),
            "f.csv:1: expected a column as a name of the header or a number in [-2, 2), found "
            "--drop 2 where the header has a, label. Correct --drop.");
}

TEST(CsvColumns, ALabelByNameIsNoFeatureOfAModelWithoutNames) {
  const std::string train = "1,2,0\n3,4,1\n";
  const ReadOptions predict{.optional_labels = true};
  EXPECT_THAT(match(train, "a,b\n1,2\n", predict), ElementsAre(0, 1));
  EXPECT_THAT(match(train, "a,b,label\n1,2,0\n", predict), ElementsAre(0, 1, 2));
  EXPECT_THAT(match(train, "a,b,Class\n1,2,0\n"), ElementsAre(0, 1, 2));
  const std::string expected =
      "f.csv:1: expected features without names of labels, since the training data has no names, "
      "found column ";
  EXPECT_EQ(error_of_match(train, "a,label\n1,0\n", predict),
            expected +
                "2 (label). If it is the label, say so with --label label; if it is a "
                "feature, rename it.");
  EXPECT_EQ(error_of_match(train, "label,a,b\n0,1,2\n", predict),
            expected +
                "1 (label). If it is the label, say so with --label label; if it is a "
                "feature, rename it.");
  EXPECT_EQ(error_of_match(train, "y,a,b\n0,1,2\n", {}),
            expected + "1 (y). Give the columns in the order of the training, or rename it.");
  EXPECT_THAT(
      match(train, "label,a,b\n0,1,2\n", {.table = {.label = "label"}, .optional_labels = true}),
      ElementsAre(2, 0, 1));
  EXPECT_THAT(
      match(train, "label,a,b\n0,1,2\n", {.table = {.drop = "label"}, .optional_labels = true}),
      ElementsAre(-1, 0, 1));
}

TEST(CsvColumns, ListsOfNamesAreSplitAsCsv) {
  EXPECT_THAT(names_in("a, b ,\"c, d\",\"e \"\"f\"\"\""), ElementsAre("a", "b", "c, d", "e \"f\""));
  EXPECT_TRUE(names_in("").empty());
}

}  // namespace
}  // namespace dga
