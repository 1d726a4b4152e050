// SPDX-License-Identifier: Apache-2.0

#include "dga/supervise/hosts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dga/base/error.h"

namespace dga {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string error_of(const std::string& text) {
  try {
    hosts_in(text, "hosts");
  } catch (const InvalidArgument& error) {
    return error.what();
  }
  return "none";
}

TEST(Hosts, ReadsTheFormsOfOpenMpiAndMpich) {
  const auto hosts = hosts_in(
      "# a cluster\n\nnode1 slots=4 max_slots=8  # fast\r\n  node2:3\nnode3\n10.0.0.4\nfe80::1\n",
      "hosts");
  ASSERT_EQ(hosts.size(), 5U);
  EXPECT_EQ(hosts[0], (Host{"node1", 4, "node1 slots=4 max_slots=8"}));
  EXPECT_EQ(hosts[1], (Host{"node2", 3, "node2:3"}));
  EXPECT_EQ(hosts[2], (Host{"node3", 1, "node3"}));
  EXPECT_EQ(hosts[3].name, "10.0.0.4");
  EXPECT_EQ(hosts[4].name, "fe80::1");
  EXPECT_EQ(slots_of(hosts), 10);
}

TEST(Hosts, ReadsTheOtherNamesOfSlots) {
  EXPECT_EQ(slots_of(hosts_in("a slots = 4\nb cpu=5\nc count= 6 max_slots = 9\n", "hosts")), 15);
}

TEST(Hosts, LinesOfOneHostAddUpAndAreKept) {
  const auto hosts = hosts_in("a slots=2\nb\na slots=3\n", "hosts");
  ASSERT_EQ(hosts.size(), 2U);
  EXPECT_EQ(hosts[0].slots, 5);
  EXPECT_EQ(to_text(hosts), "a slots=2\na slots=3\nb\n");
}

TEST(Hosts, WrongLinesAreNamed) {
  for (const char* line : {"node1 slots=0", "node1 slots=four", "node1:-1",
                           "node1:", "node1 slots=", "node1 slots=99999999999", ":4"}) {
    EXPECT_EQ(error_of("# first\n" + std::string(line) + "\n"),
              "[launch] hosts:2: expected a host with 1 to 4096 slots, such as \"node1 slots=4\", "
              "found \"" +
                  std::string(line) + "\".");
  }
}

TEST(Hosts, AFileWithoutHostsIsRefused) {
  EXPECT_THAT(error_of("# nobody\n\n"), HasSubstr("expected a host in each line"));
  EXPECT_THAT(error_of(""), StartsWith("[launch] hosts: "));
}

}  // namespace
}  // namespace dga
