// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/csv_header.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace dga {
namespace {

HeaderVerdict judge(const std::vector<std::string>& lines, char decimal = '.') {
  CsvRecord record(',');
  CsvRecords records;
  for (const std::string& line : lines) {
    record.split(line.data(), line.data() + line.size());
    records.emplace_back(record.fields().begin(), record.fields().end());
  }
  return judge_header(records, decimal);
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
