// SPDX-License-Identifier: Apache-2.0

#include "dga/storage/hdfs/hadoop_conf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "dga/base/error.h"
#include "dga/base/random.h"
#include "tests/support/error_of.h"

namespace dga::test {
namespace {

using testing::ElementsAre;
using testing::StartsWith;

HadoopConf conf_of(const std::string& xml) {
  HadoopConf conf;
  conf.add("x/hdfs-site.xml", xml);
  return conf;
}

constexpr const char* kSmall = R"(<?xml version="1.0"?>
<!-- a comment -->
<configuration>
  <property><name> a </name><value>
    1 </value></property>
  <property name="b" value="x${a}y"/>
  <property><name>list</name><value>p, q,,r</value></property>
  <property><name>empty</name><value></value></property>
  <property><name>entity</name><value>&lt;&amp;&gt;</value></property>
</configuration>)";

TEST(HadoopConf, GivesTrimmedValuesWithOthersReplacedInThem) {
  const HadoopConf conf = conf_of(kSmall);
  EXPECT_EQ(conf.find("a"), "1");
  EXPECT_EQ(conf.find("b"), "x1y");
  EXPECT_EQ(conf.find("entity"), "<&>");
  EXPECT_EQ(conf.find("empty"), std::nullopt);
  EXPECT_EQ(conf.find("none"), std::nullopt);
  EXPECT_THAT(conf.list("list"), ElementsAre("p", "q", "r"));
}

TEST(HadoopConf, ALaterFileReplacesWhatIsNotFinal) {
  HadoopConf conf = conf_of(
      "<configuration><property><name>a</name><value>1</value><final>true</final></property>"
      "<property><name>b</name><value>1</value></property></configuration>");
  conf.add("later",
           "<configuration><property><name>a</name><value>2</value></property>"
           "<property><name>b</name><value>2</value></property></configuration>");
  EXPECT_EQ(conf.find("a"), "1");
  EXPECT_EQ(conf.find("b"), "2");
}

TEST(HadoopConf, RefusesDamagedFilesInOneLine) {
  EXPECT_THAT(
      error_of<StorageError>([] { conf_of("<configuration>\n<property>\n</configuration>"); }),
      StartsWith("[storage] x/hdfs-site.xml: expected a configuration of Hadoop, found damaged "
                 "XML in line 3: "));
  EXPECT_EQ(error_of<StorageError>([] { conf_of("<html/>"); }),
            "[storage] x/hdfs-site.xml: expected a configuration of Hadoop, found no element "
            "<configuration>. Repair the file.");
  EXPECT_EQ(error_of<StorageError>([] {
              conf_of("<configuration><property><value>1</value></property></configuration>");
            }),
            "[storage] x/hdfs-site.xml: expected a configuration of Hadoop, found a <property> "
            "without a <name>. Repair the file.");
  EXPECT_EQ(error_of<StorageError>(
                [] { conf_of(R"(<configuration><xi:include href="o"/></configuration>)"); }),
            "[storage] x/hdfs-site.xml: expected a configuration of Hadoop, found an <xi:include>, "
            "which dga does not follow. Write the properties of that file into this one.");
}

TEST(HadoopConf, RefusesWhatItCannotReplaceWhereItIsUsed) {
  const HadoopConf conf = conf_of(
      "<configuration><property><name>a</name><value>${missing}:1</value></property>"
      "<property><name>circle</name><value>${circle}</value></property>"
      "<property><name>open</name><value>${a</value></property></configuration>");
  EXPECT_EQ(
      error_of<StorageError>([&] { return conf.find("a"); }),
      "[storage] x/hdfs-site.xml: expected a value for a, found \"${missing}:1\", in which dga "
      "cannot replace ${missing}. Write the value itself.");
  EXPECT_THAT(error_of<StorageError>([&] { return conf.find("circle"); }),
              StartsWith("[storage] x/hdfs-site.xml: expected a value for circle"));
  EXPECT_THAT(error_of<StorageError>([&] { return conf.find("open"); }),
              StartsWith("[storage] x/hdfs-site.xml: expected a value for open"));
}

/// A file with some bytes changed is read or refused, and nothing else.
TEST(HadoopConf, SurvivesBrokenFiles) {
  const std::string whole = kSmall;
  RandomStream random(stream_key(3, "broken configurations"));
  int refused = 0;
  for (int round = 0; round < 2000; ++round) {
    std::string broken = whole.substr(0, 1 + random.below(whole.size()));
    for (int change = 0; change < 3; ++change) {
      broken[random.below(broken.size())] = static_cast<char>(random.below(256));
    }
    try {
      const HadoopConf conf = conf_of(broken);
      conf.find("b");
    } catch (const StorageError&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 1000);
}

}  // namespace
}  // namespace dga::test
