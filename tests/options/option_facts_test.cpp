// SPDX-License-Identifier: Apache-2.0

#include "dga/options/option_facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "dga/options/option_table.h"

namespace dga {
namespace {

/// A value of `row` that is not its default, and means something else.
OptionValue changed_value(const Option& row) {
  const OptionValue value = row.get(RunOptions{});
  if (const auto* flag = std::get_if<bool>(&value)) {
    return !*flag;
  }
  if (row.kind == Option::Kind::choice) {
    return row.choices.back();
  }
  if (row.kind == Option::Kind::interval) {
    return std::string("7steps");
  }
  if (std::holds_alternative<std::string>(value)) {
    return std::string("elsewhere");
  }
  if (std::holds_alternative<std::int64_t>(value)) {
    return std::get<std::int64_t>(value) + 3;
  }
  if (std::holds_alternative<double>(value)) {
    return (std::get<double>(value) + row.least) / 2 + 0.25;
  }
  return std::vector<std::int64_t>{7, 7};
}

TEST(OptionFacts, EveryOptionIsOneButPathsAndThoseOfTheProgram) {
  const std::set<std::string> may_differ{"data",  "test-data", "val-data", "stream-index", "output",
                                         "quiet", "config",    "engine",   "resume"};
  const std::vector<Fact> before = option_facts({}, 4);
  for (const Option& row : option_table()) {
    RunOptions options;
    row.put(options, changed_value(row));
    EXPECT_EQ(option_facts(options, 4) == before, may_differ.count(row.name) > 0) << row.name;
  }
}

TEST(OptionFacts, ValuesThatAreResolvedToTheSameAreTheSame) {
  RunOptions options;
  options.training.lr = 0.003;  // adam's
  options.workers.count = 4;
  options.workers.engine = Engine::mpi;
  options.data.task = Task::classification;
  EXPECT_EQ(option_facts(options, 4), option_facts({}, 4));
}

}  // namespace
}  // namespace dga
