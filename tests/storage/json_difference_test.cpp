// SPDX-License-Identifier: Apache-2.0

#include "dga/storage/json_difference.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "dga/base/error.h"
#include "tests/support/error_of.h"

namespace dga {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// What differs, as lines.
std::vector<std::string> differing(const std::string& a, const std::string& b) {
  std::vector<std::string> lines;
  for (const JsonDifference& each : differing_values(a, "a.json", b, "b.json", "seconds")) {
    lines.push_back(each.name + ": " + each.a + " -> " + each.b);
  }
  return lines;
}

TEST(JsonDifference, IsNoneOfEqualValues) {
  EXPECT_THAT(differing(R"({"a": 1, "b": {"c": [1, "x"]}})", R"({"b":{"c":[1,"x"]},"a":1})"),
              IsEmpty());
}

TEST(JsonDifference, NamesMembersByWhatContainsThem) {
  EXPECT_THAT(differing(R"({"step": 3, "options": {"seed": 42, "engine": "mpi", "old": true}})",
                        R"({"step": 3, "options": {"seed": 7, "engine": "threads"}, "new": null})"),
              ElementsAre("options.seed: 42 -> 7", "options.engine: \"mpi\" -> \"threads\"",
                          "options.old: true -> none", "new: none -> null"));
}

TEST(JsonDifference, ShowsShortArraysAndCountsInLongOnes) {
  EXPECT_THAT(differing(R"({"hidden": [100, 50]})", R"({"hidden": [100]})"),
              ElementsAre("hidden: [100,50] -> [100]"));
  std::string a = "[";
  for (int i = 0; i < 40; ++i) {
    a += std::to_string(i) + (i < 39 ? "," : "]");
  }
  std::string b = a;
  b.replace(b.find("20,"), 3, "99,");
  b.replace(b.find("30,"), 3, "98,");
  EXPECT_THAT(differing(R"({"x":)" + a + "}", R"({"x":)" + b + "}"),
              ElementsAre("x: 2 of 40 elements -> 2 of 40 elements"));
  EXPECT_THAT(differing(R"({"x":)" + a + "}", R"({"x":[1,2]})"),
              ElementsAre("x: 40 elements -> 2 elements"));
}

TEST(JsonDifference, LeavesOutMembersAlsoInLinesOfJson) {
  EXPECT_THAT(differing(R"({"seconds": [1, 2], "epochs": ["{\"loss\":1,\"seconds\":2}"]})",
                        R"({"seconds": [3, 4], "epochs": ["{\"loss\":1,\"seconds\":5}"]})"),
              IsEmpty());
  EXPECT_THAT(differing(R"({"epochs": ["{\"loss\":1,\"seconds\":2}", "{\"loss\":1}", "x"]})",
                        R"({"epochs": ["{\"loss\":2,\"seconds\":2}", "{\"loss\":3}", "x"]})"),
              ElementsAre(R"(epochs: ["{\"loss\":1,\"seconds\":2}","{\"loss\":1}","x"] -> )"
                          R"(["{\"loss\":2,\"seconds\":2}","{\"loss\":3}","x"])"));
}

TEST(JsonDifference, CutsLongValues) {
  EXPECT_THAT(differing(R"({"text": ")" + std::string(500, 'a') + "\"}", R"({"text": "b"})"),
              ElementsAre("text: \"" + std::string(59, 'a') + "... -> \"b\""));
}

TEST(JsonDifference, NamesTheFileThatIsNotJson) {
  EXPECT_EQ(test::error_of<StorageError>([&] { differing("{}", "{\"a\":"); }),
            "[storage] b.json: expected JSON, found other contents. Copy the file again.");
}

}  // namespace
}  // namespace dga
