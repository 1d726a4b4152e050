// SPDX-License-Identifier: Apache-2.0

#include "dga/storage/hdfs/hdfs_address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <string>

#include "dga/base/error.h"
#include "tests/support/error_of.h"

namespace dga::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

using Properties = std::map<std::string, std::string>;

HdfsAddress address_of(const std::string& uri, const Properties& properties = {}) {
  std::string xml = "<configuration>";
  for (const auto& [name, value] : properties) {
    xml += str("<property><name>", name, "</name><value>", value, "</value></property>");
  }
  HadoopConf conf;
  conf.add("hdfs-site.xml", xml + "</configuration>");
  return hdfs_address(*parse_uri(uri), conf);
}

Properties service() {
  return {{"dfs.nameservices", "mycluster,other"},
          {"dfs.ha.namenodes.mycluster", "nn1, nn2"},
          {"dfs.namenode.rpc-address.mycluster.nn1", "one:8020"},
          {"dfs.namenode.rpc-address.mycluster.nn2", "two:8020"},
          {"dfs.namenode.http-address.mycluster.nn1", "one:50070"},
          {"dfs.namenode.http-address.mycluster.nn2", "0.0.0.0:50071"},
          {"dfs.namenode.https-address.mycluster.nn1", "one:50470"}};
}

TEST(HdfsAddress, WithoutConfigurationIsTheHostWithTheUsualPort) {
  EXPECT_THAT(address_of("hdfs://host:8020/a").nodes, ElementsAre("host:9870"));
  EXPECT_THAT(address_of("hdfs://host/a").nodes, ElementsAre("host:9870"));
  EXPECT_THAT(address_of("hdfs://[::1]:8020/a").nodes, ElementsAre("[::1]:9870"));
  EXPECT_THAT(address_of("webhdfs://host/a").nodes, ElementsAre("host:9870"));
  EXPECT_THAT(address_of("webhdfs://host:1/a").nodes, ElementsAre("host:1"));
  EXPECT_THAT(address_of("swebhdfs://host/a").nodes, ElementsAre("host:9871"));
  EXPECT_EQ(address_of("swebhdfs://host/a").scheme, "https");
}

TEST(HdfsAddress, ANameserviceHasTheNodesOfTheConfiguration) {
  for (const char* uri : {"hdfs://mycluster/a", "webhdfs://mycluster/a"}) {
    const HdfsAddress address = address_of(uri, service());
    EXPECT_EQ(address.scheme, "http");
    EXPECT_THAT(address.nodes, ElementsAre("one:50070", "two:50071")) << "0.0.0.0 is all of two";
    EXPECT_THAT(address.services, Contains("ha-hdfs:mycluster"));
  }
  const HdfsAddress tls = address_of("swebhdfs://mycluster/a", service());
  EXPECT_EQ(tls.scheme, "https");
  EXPECT_THAT(tls.nodes, ElementsAre("one:50470", "two:9871"));
  Properties only_tls = service();
  only_tls["dfs.http.policy"] = "HTTPS_ONLY";
  EXPECT_EQ(address_of("hdfs://mycluster/a", only_tls).scheme, "https");
}

TEST(HdfsAddress, AnRpcAddressOfTheConfigurationHasItsHttpAddress) {
  EXPECT_THAT(address_of("hdfs://one/a", service()).nodes, ElementsAre("one:50070"));
  EXPECT_THAT(address_of("hdfs://one:8021/a", service()).nodes, ElementsAre("one:9870"));
  EXPECT_THAT(address_of("hdfs://n:9000/a", {{"dfs.namenode.rpc-address", "n:9000"},
                                             {"dfs.namenode.http-address", "web:80"}})
                  .nodes,
              ElementsAre("web:80"));
  EXPECT_THAT(address_of("hdfs://n:9000/a", {{"fs.defaultFS", "hdfs://n:9000/"},
                                             {"dfs.namenode.http-address", "web:80"}})
                  .nodes,
              ElementsAre("web:80"));
}

TEST(HdfsAddress, TheVariableComesFirst) {
  ::setenv("DGA_HDFS_HTTP", "gateway:14000", 1);
  EXPECT_THAT(address_of("hdfs://mycluster/a", service()).nodes, ElementsAre("gateway:14000"));
  EXPECT_THAT(address_of("webhdfs://host:1/a").nodes, ElementsAre("host:1"));
  ::unsetenv("DGA_HDFS_HTTP");
}

TEST(HdfsAddress, AConfigurationThatLacksSomethingIsOneLine) {
  Properties incomplete = service();
  incomplete.erase("dfs.namenode.rpc-address.mycluster.nn2");
  incomplete.erase("dfs.namenode.http-address.mycluster.nn2");
  EXPECT_EQ(error_of<StorageError>([&] { address_of("hdfs://mycluster/a", incomplete); }),
            "[storage] /hdfs-site.xml: expected the property "
            "dfs.namenode.http-address.mycluster.nn2, found neither it nor "
            "dfs.namenode.rpc-address.mycluster.nn2. Add the address of the NameNode.");
  for (const char* const wrong : {"one:", "one:http", ":1", "one:70000", "http://one:1"}) {
    Properties damaged = service();
    damaged["dfs.namenode.http-address.mycluster.nn1"] = wrong;
    EXPECT_THAT(error_of<StorageError>([&] { address_of("hdfs://mycluster/a", damaged); }),
                HasSubstr("expected HOST:PORT in dfs.namenode.http-address.mycluster.nn1, found"));
  }
}

}  // namespace
}  // namespace dga::test
