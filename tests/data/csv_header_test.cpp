// SPDX-License-Identifier: Apache-2.0

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "dga/data/formats/csv/header.h"

namespace dga {
namespace {

CsvRecords records_of(const std::vector<std::string>& lines) {
  CsvRecord record(',');
  CsvRecords records;
  for (const std::string& line : lines) {
    record.split(line.data(), line.data() + line.size());
    records.emplace_back(record.fields().begin(), record.fields().end());
  }
  return records;
}

HeaderVerdict judge(const std::vector<std::string>& lines, char decimal = '.') {
  return judge_header(records_of(lines), decimal);
}

HeaderVerdict judge(const std::vector<std::string>& lines, const Columns& known) {
  return judge_header(records_of(lines), '.', known);
}

TEST(CsvHeader, TextAboveNumbersIsAHeader) {
  EXPECT_EQ(judge({"a,b,y", "1,2,0", "3,4,1"}), HeaderVerdict::header);
  EXPECT_EQ(judge({"income,2020,label", "5,1,yes", "6,2,no", "7,3,yes"}), HeaderVerdict::header);
  EXPECT_EQ(judge({"2019,2020,label", "5,1,0", "6,2,1"}), HeaderVerdict::header);
  EXPECT_EQ(judge({"a,b,kind", "1,?,x", "NA,2,y"}), HeaderVerdict::header);
}

TEST(CsvHeader, AFirstSampleIsData) {
  EXPECT_EQ(judge({"5.1,3.5,1.4,0.2,Iris-setosa", "4.9,3,1.4,0.2,Iris-setosa"}),
            HeaderVerdict::data);
  EXPECT_EQ(judge({"5.1,?,0", "4,2,1"}), HeaderVerdict::data);
  EXPECT_EQ(judge({"?,NA,0", "4,2,1"}), HeaderVerdict::data);
  EXPECT_EQ(judge({"1,2,0", "3,4,1"}), HeaderVerdict::data);
  EXPECT_EQ(judge({"nan,inf,0", "3,4,1"}), HeaderVerdict::data);
  EXPECT_EQ(judge({"red,1,a", "blue,2,b", "red,3,a"}), HeaderVerdict::data);
}

TEST(CsvHeader, NamesOfTextColumnsThatOccurNowhereBelowAreAHeader) {
  EXPECT_EQ(judge({"colour,kind", "red,a", "blue,b", "red,a"}), HeaderVerdict::header);
  EXPECT_EQ(judge({"colour,2020", "red,1", "blue,2", "red,3"}), HeaderVerdict::header);
}

TEST(CsvHeader, CountingFromZeroIsAHeaderOfThreeColumnsOrMore) {
  EXPECT_EQ(judge({"0,1,2", "5,6,0", "7,8,1"}), HeaderVerdict::numbered);
  EXPECT_EQ(judge({",0,1,2", "0,5,6,0", "1,7,8,1"}), HeaderVerdict::numbered);
  EXPECT_EQ(judge({"0,1", "5,6", "7,8"}), HeaderVerdict::data);
  EXPECT_EQ(judge({"1,2,3", "5,6,0", "7,8,1"}), HeaderVerdict::data);
}

TEST(CsvHeader, QuotedNumbersAboveUnquotedOnesAreNames) {
  EXPECT_EQ(judge({"\"2019\",\"2020\",\"7\"", "5,6,0", "7,8,1"}), HeaderVerdict::header);
  EXPECT_EQ(judge({"\"2019\",\"2020\",\"7\"", "\"5\",\"6\",\"0\"", "\"7\",\"8\",\"1\""}),
            HeaderVerdict::data);
}

TEST(CsvHeader, NumbersAboveAnIndexAreNames) {
  EXPECT_EQ(judge({",2019,2020", "0,5,6", "1,7,8"}), HeaderVerdict::header);
  EXPECT_EQ(judge({",2019,2020", "4,5,6", "9,7,8"}), HeaderVerdict::data);
}

TEST(CsvHeader, WhatMayBeEitherIsUnclear) {
  // A text above numbers, but another cell occurs below.
  EXPECT_EQ(judge({"abc,x", "1,x", "2,y"}), HeaderVerdict::unclear);
  // Names of people: each is different, a first one as any other.
  EXPECT_EQ(judge({"Alice,30,0", "Bob,25,1", "Carol,41,0"}), HeaderVerdict::unclear);
}

TEST(CsvHeader, AFirstSampleThatLooksLikeAHeaderIsUnclear) {
  // The only sample of its class: its numbers lie between those of the others.
  EXPECT_EQ(judge({"0.5,0.3,spam", "0.1,0.2,ham", "0.7,0.9,ham"}), HeaderVerdict::unclear);
  EXPECT_EQ(judge({"0.129,0.145,a", "1.007,-1.076,b", "1.891,-1.997,c", "1.020,-0.987,b"}),
            HeaderVerdict::unclear);
  EXPECT_EQ(judge({"0.5,0.3,unknown", "0.1,0.2,0", "0.7,0.9,1"}), HeaderVerdict::unclear);
  // A number with a typing error.
  EXPECT_EQ(judge({"1O,3,1", "9,4,0", "8,2,1"}), HeaderVerdict::unclear);
  EXPECT_EQ(judge({"-.5x,3,1", "9,4,0", "8,2,1"}), HeaderVerdict::unclear);
  // Wavelengths as names are far from what was measured there.
  EXPECT_EQ(judge({"400.5,401.0,label", "0.1,0.2,0", "0.7,0.9,1"}), HeaderVerdict::header);
  EXPECT_EQ(judge({"1st,2nd,3rd", "1,2,0", "3,4,1"}), HeaderVerdict::header);
}

/// The columns of a training set, of which the last is the label.
Columns known_columns(const std::vector<std::string>& names) {
  Columns columns;
  for (const std::string& name : names) {
    columns.all.push_back({.name = name});
  }
  columns.all.back().use = ColumnUse::label;
  return columns;
}

TEST(CsvHeader, NamesOfTheTrainingMakeAHeader) {
  const Columns wavelengths = known_columns({"400.5", "401.0", "label"});
  EXPECT_EQ(judge({"400.5,401.0", "0.5,0.1", "0.5,0.9"}, wavelengths), HeaderVerdict::numbered);
  EXPECT_EQ(judge({"401.0,400.5", "0.5,0.1", "0.5,0.9"}, wavelengths), HeaderVerdict::numbered);
  EXPECT_EQ(judge({"label,400.5,401.0", "0,0.5,0.1"}, wavelengths), HeaderVerdict::header);
  EXPECT_EQ(judge({"0.5,0.1,1", "0.5,0.9,0"}, wavelengths), HeaderVerdict::data);
  const Columns counted = known_columns({"0", "1", "2"});
  EXPECT_EQ(judge({"0,1", "5,6", "7,8"}, counted), HeaderVerdict::numbered);
  EXPECT_EQ(judge({"1,0", "5,6", "7,8"}, counted), HeaderVerdict::unclear) << "in another order";
  EXPECT_EQ(judge({"1,1", "5,6", "7,8"}, counted), HeaderVerdict::data) << "names do not repeat";
  EXPECT_EQ(judge({"3,1", "5,6", "7,8"}, counted), HeaderVerdict::data);
  // A name of the training above a column of its own texts.
  const Columns people = known_columns({"name", "age", "label"});
  EXPECT_EQ(judge({"Alice,30,0", "Bob,25,1", "Carol,41,0"}, people), HeaderVerdict::data);
  EXPECT_EQ(judge({"age,name", "30,name", "25,Bob"}, people), HeaderVerdict::header);
}

TEST(CsvHeader, TextsOfATrainingWithoutHeaderMakeASample) {
  Columns columns = known_columns({"", "", ""});
  columns.all[0] = {.use = ColumnUse::category, .categories = {"blue", "red"}};
  EXPECT_EQ(judge({"red,5,L", "blue,6,M", "blue,7,S"}, columns), HeaderVerdict::data);
  EXPECT_EQ(judge({"red,L", "blue,M", "blue,S"}, columns), HeaderVerdict::data) << "no label";
  // The only sample of its class, with numbers where numbers belong.
  const Columns numbers = known_columns({"", "", ""});
  EXPECT_EQ(judge({"0.129,0.145,a", "1.007,-1.076,b", "1.020,-0.987,b"}, numbers),
            HeaderVerdict::data);
  // A header of numbers stays one: of a file that pandas wrote for a model of arrays.
  EXPECT_EQ(judge({"0,1,2", "1.007,-1.076,1", "1.020,-0.987,0"}, numbers), HeaderVerdict::numbered);
  EXPECT_EQ(judge({",2019,2020", "0,5,6", "1,7,8"}, numbers), HeaderVerdict::header);
  EXPECT_EQ(judge({"x,z,kind", "1.007,-1.076,b", "1.020,-0.987,b"}, numbers),
            HeaderVerdict::header);
  EXPECT_EQ(judge({"colour,n,size", "blue,6,M", "blue,7,S"}, columns), HeaderVerdict::header);
}

TEST(CsvHeader, AHeaderThatIsRepeatedIsAHeader) {
  EXPECT_EQ(judge({"a,y", "1,x", "a,y", "2,z"}), HeaderVerdict::header);
  EXPECT_EQ(judge({"a,1", "b,2", "a,1"}), HeaderVerdict::data) << "a sample that is repeated";
}

TEST(CsvHeader, ASignBeforeTheFirstNameIsNoPartOfIt) {
  EXPECT_EQ(csv_name("# a", true), "a");
  EXPECT_EQ(csv_name("#a", true), "a");
  EXPECT_EQ(csv_name("#a", false), "#a");
  EXPECT_EQ(csv_name("# of rooms", true), "# of rooms");
}

TEST(CsvHeader, OneLineAloneIsAHeaderIfItHasText) {
  EXPECT_EQ(judge({"a,b"}), HeaderVerdict::header);
  EXPECT_EQ(judge({"1,2"}), HeaderVerdict::data);
}

TEST(CsvHeader, DecimalCommasAreNumbers) {
  std::vector<std::string> lines = {"\"1,5\",a", "\"2,5\",a", "\"3,5\",b"};
  EXPECT_EQ(judge(lines, ','), HeaderVerdict::data);
}

}  // namespace
}  // namespace dga
