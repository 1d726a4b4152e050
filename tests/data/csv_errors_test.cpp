// SPDX-License-Identifier: Apache-2.0
//
// One test for each way in which a CSV file can be wrong; each pins the whole text.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "dga/data/formats/csv/csv.h"
#include "tests/data/data_fixture.h"

namespace dga {
namespace {

std::string error_in(const std::string& text, const ReadOptions& options = {}) {
  const SourcePtr file = source_of("f.csv", text);
  return test::error_of<DataError>([&] { read_csv({&file, 1}, options); });
}

TEST(CsvErrors, ShortLine) {
  EXPECT_EQ(error_in("1,2,0\n1,2\n1,2,1\n"),
            "f.csv:2: expected 3 fields, found 2. Correct or remove the line.");
}

TEST(CsvErrors, LongLine) {
  EXPECT_EQ(error_in("a,b,y\n1,2,0\n1,2,3,1\n"),
            "f.csv:3: expected 3 fields, found 4. Correct or remove the line.");
}

TEST(CsvErrors, RaggedLineOfJunk) {
  EXPECT_EQ(error_in("1,2,0\n1,2,1\nhello\n1,2,1\n"),
            "f.csv:3: expected 3 fields, found 1. Correct or remove the line.");
}

TEST(CsvErrors, FileCutInItsLastLine) {
  EXPECT_EQ(error_in("1,2,0\n1,2,1\n1,"),
            "f.csv:3: expected 3 fields, found 2 in a last line without an end: the file seems cut "
            "off. Copy it again.");
}

TEST(CsvErrors, EmptyLineBetweenSamples) {
  EXPECT_EQ(error_in("1,2,0\n\n1,2,1\n"),
            "f.csv:2: expected 3 fields, found an empty line. Remove the line.");
}

TEST(CsvErrors, EmptyField) {
  EXPECT_EQ(error_in("1,2,0\n1,,1\n"),
            "f.csv:2: expected a value in field 2 of 3, found an empty field. Fill it in, or use "
            "--missing drop, or mean for numbers.");
  EXPECT_EQ(error_in("1,2,0\n1,2, \n"),
            "f.csv:2: expected a value in field 3 of 3, found an empty field. Fill it in, or use "
            "--missing drop, or mean for numbers.");
}

TEST(CsvErrors, NoNumber) {
  EXPECT_EQ(error_in("age,size,y\n1,2,0\n1,tall,1\n"),
            "f.csv:3: expected a number in column 2 (size), found the text \"tall\". Correct the "
            "line, leave the column out with --drop size, or encode its texts with --one-hot "
            "size.");
  EXPECT_EQ(error_in("1,2,0\n1,2,cat\n"),
            "f.csv:2: expected an integer as label like those before it, found \"cat\". Correct or "
            "remove the line, or take all labels as texts with --task classification.");
}

TEST(CsvErrors, NotFinite) {
  EXPECT_EQ(
      error_in("1,2,0\nnan,2,1\n"),
      "f.csv:2: expected a value in field 1 of 3, found \"nan\". Fill it in, or use --missing "
      "drop, or mean for numbers.");
  EXPECT_EQ(
      error_in("1,-inf,0\n1,2,1\n"),
      "f.csv:1: expected a finite number in field 2 of 3, found \"-inf\". Fill in a number or "
      "remove the line.");
}

TEST(CsvErrors, TooLarge) {
  EXPECT_EQ(
      error_in("1,2,0\n1,1e999,1\n"),
      "f.csv:2: expected a number of at most 3.4e38 in size in field 2 of 3, found \"1e999\". "
      "Scale the column down or remove the line.");
  EXPECT_EQ(error_in("1,2,0\n1,1e39,1\n"),
            "f.csv:2: expected a number of at most 3.4e38 in size in field 2 of 3, found \"1e39\". "
            "Scale the column down or remove the line.");
  EXPECT_EQ(
      error_in("1,2,0\n1,2,99999999999999999999\n"),
      "f.csv:2: expected an integer label of at most 2^63 in size (2^53 with a decimal point) "
      "in field 3 of 3, found \"99999999999999999999\". Scale the column down or remove the "
      "line.");
}

TEST(CsvErrors, RealLabelForClassification) {
  EXPECT_EQ(error_in("1,2,0\n1,2,0.5\n"),
            "f.csv:2: expected an integer label in field 3 of 3, found \"0.5\". To train on "
            "real-valued labels use --task regression.");
}

TEST(CsvErrors, JunkIsShownPrintable) {
  EXPECT_EQ(
      error_in("1,2,0\n1,\x01\x02\x1b[2Jabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz,1\n"),
      "f.csv:2: expected a number in column 2, found the text "
      "\"\\x01\\x02\\x1b[2Jabcdefghijklmnopqrstuvwxyzabcdefgh...\". Correct the line, leave the "
      "column out with --drop 1, or encode its texts with --one-hot 1.");
}

TEST(CsvErrors, OnlyAHeader) {
  EXPECT_EQ(error_in("a,b,y\n"),
            "f.csv:1: expected samples after the header, found none. Add one sample a line.");
}

TEST(CsvErrors, OnlyNewlines) {
  EXPECT_EQ(error_in("\n\n\r\n"),
            "f.csv:1: expected samples, found an empty file. Give a file with one sample a line.");
}

TEST(CsvErrors, OneColumn) {
  EXPECT_EQ(
      error_in("1\n2\n"),
      "f.csv:1: expected at least 2 fields (features and a label) separated by one of comma, "
      "semicolon and tab, found \"1\". Write one separator between the fields; numbers with a "
      "decimal comma need --decimal ,.");
}

TEST(CsvErrors, UnclearSeparator) {
  EXPECT_EQ(error_in("1,5;2,5;0\n2,5;3,5;1\n"),
            "f.csv:1: expected at least 2 fields (features and a label) separated by one of comma, "
            "semicolon and tab, found \"1,5;2,5;0\". Write one separator between the fields; "
            "numbers with a decimal comma need --decimal ,.");
}

TEST(CsvErrors, ACommaThatMayBeADecimalCommaIsNoSeparator) {
  const std::string error =
      "f.csv:1: expected at least 2 fields (features and a label) separated by one of comma, "
      "semicolon and tab, found \"1,2;a\". Write one separator between the fields; numbers with a "
      "decimal comma need --decimal ,.";
  EXPECT_EQ(error_in("1,2;a\n3,4;b\n5,6;a\n"), error);
  const SourcePtr file = source_of("f.csv", "1,2;a\n3,4;b\n5,6;a\n");
  EXPECT_EQ(read_csv({&file, 1}, {.table = {.decimal = Decimal::comma}}).features[0], 1.2F);
}

TEST(CsvErrors, AHeaderInTheMiddle) {
  EXPECT_EQ(error_in("a,b,y\n1,2,0\n3,4,1\na,b,y\n5,6,0\n"),
            "f.csv:4: expected a sample, found the header again, as in files that were put "
            "together. Remove the line.");
}

TEST(CsvErrors, AHeaderOfAnotherWidth) {
  EXPECT_EQ(
      error_in("a,b,y\n1,1,2,0\n2,3,4,1\n"),
      "f.csv:2: expected 3 fields as in the header, found 4. Give each column one name in the "
      "header, or correct the line.");
}

TEST(CsvErrors, NumbersAsNamesOfClasses) {
  const auto found = [](const std::string& text, const char* hint) {
    return str("f.csv: expected labels that are integers or names of classes, found \"", text,
               "\". ", hint, ", or take the labels as texts with --task classification.");
  };
  const char* const decimal_comma =
      "Numbers with a decimal comma need --decimal ,. Otherwise write plain numbers";
  EXPECT_EQ(error_in("a;b;y\n1;2;0,5\n2;3;1,5\n"), found("0,5", decimal_comma));
  EXPECT_EQ(error_in("a;b;y\n1;2;1,000.50\n2;3;2,000.50\n"),
            found("1,000.50", "Write plain numbers"));
  EXPECT_EQ(error_in("a,y\n1,5%\n2,6%\n"), found("5%", "Write plain numbers"));
  EXPECT_EQ(error_in("a,y\n1,$3.99\n2,$5.00\n"), found("$3.99", "Write plain numbers"));
  const SourcePtr percent = source_of("f.csv", "a,y\n1,5%\n2,6%\n");
  EXPECT_EQ(read_csv({&percent, 1}, {.task = Task::classification}).label_texts.size(), 2U);
  for (const char* text : {"0-10,10-20", "1.2.3,1.2.4", "5%,low", "1st,2nd"}) {
    const std::string labels = text;
    const std::size_t comma = labels.find(',');
    const SourcePtr names = source_of(
        "f.csv", str("a,y\n1,", labels.substr(0, comma), "\n2,", labels.substr(comma + 1), "\n"));
    EXPECT_EQ(read_csv({&names, 1}, {}).label_texts.size(), 2U) << text;
  }
  EXPECT_EQ(error_in("a;b;y\n1;2;0,5\n2;3;1,5\n", {.task = Task::regression}),
            "f.csv:2: expected a number as label in field 3 of 3 (y), found \"0,5\". Correct or "
            "remove the line; numbers with a decimal comma need --decimal ,.");
}

TEST(CsvErrors, AnEncodingThatIsNotRead) {
  EXPECT_EQ(error_in(std::string("\xff\xfe\0\0a\0\0\0", 8)),
            "f.csv: expected UTF-8 or UTF-16, found the byte-order mark of UTF-32. Save the file "
            "as UTF-8.");
}

TEST(CsvErrors, ALabelThatIsMissingInSamplesToPredict) {
  const Columns columns{.all = {{.name = "a"}, {.name = "y", .use = ColumnUse::label}}};
  const ReadOptions options{.columns = &columns, .optional_labels = true};
  EXPECT_EQ(error_in("a,y\n1,0\n2,\n", options),
            "f.csv:3: expected a value in field 2 of 2 (y), found an empty field. Fill it in, or "
            "leave the labels out with --drop y.");
  EXPECT_EQ(error_in("a,y\n,0\n2,1\n", options),
            "f.csv:2: expected a value in field 1 of 2 (a), found an empty field. Fill it in or "
            "remove the line.");
}

TEST(CsvErrors, LabelColumnThatIsNotThere) {
  ReadOptions options;
  options.table.label = "kind";
  EXPECT_EQ(
      error_in("a,b,y\n1,2,0\n", options),
      "f.csv:1: expected the label column as a name of the header or a number in [-3, 3), found "
      "--label kind where the header has a, b, y. Correct --label.");
  options.table.label = "3";
  EXPECT_EQ(error_in("1,2,0\n", options),
            "f.csv:1: expected the label column as a number in [-3, 3), found --label 3. Correct "
            "--label.");
}

TEST(CsvErrors, FilesOfDifferentColumns) {
  const std::vector<SourcePtr> widths = {source_of("a.csv", "1,2,0\n"),
                                         source_of("b.csv", "1,0\n")};
  EXPECT_EQ(test::error_of<DataError>([&] { read_csv(widths, {}); }),
            "b.csv:1: expected 3 columns as in a.csv, found 2. Give the same columns as there.");
  const std::vector<SourcePtr> names = {source_of("a.csv", "a,b,y\n1,2,0\n"),
                                        source_of("b.csv", "b,c,y\n1,2,0\n")};
  EXPECT_EQ(test::error_of<DataError>([&] { read_csv(names, {}); }),
            "b.csv:1: expected the columns of a.csv, found no a, and in addition c. Give the "
            "columns the same names, or leave others out with --drop.");
}

}  // namespace
}  // namespace dga
