// SPDX-License-Identifier: Apache-2.0
//
// The table and the groups of RunOptions are one list: every row has a member of its own, and every
// member has a row.

#include "dga/options/option_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>

#include "dga/options/options_json.h"

namespace dga {
namespace {

/// Turns into whatever a member is initialised from.
struct Anything {
  template <typename T>
  operator T() const;  // NOLINT(google-explicit-constructor): it is implicit on purpose
};

/// The number of members of an aggregate.
template <typename T, typename... Given>
constexpr std::size_t num_members() {
  if constexpr (requires { T{std::declval<Given>()..., Anything{}}; }) {
    return num_members<T, Given..., Anything>();
  } else {
    return sizeof...(Given);
  }
}

struct Two {
  std::string text = {};
  std::vector<int> numbers = {1};
};
static_assert(num_members<Two>() == 2);

/// A value that the option accepts and that is not its default.
OptionValue other_value(const Option& row) {
  const OptionValue value = row.get({});
  switch (row.kind) {
    case Option::Kind::flag:
      return !std::get<bool>(value);
    case Option::Kind::text:
      return "not " + std::get<std::string>(value);
    case Option::Kind::choice:
      return *std::find_if(row.choices.begin(), row.choices.end(),
                           [&](const std::string& word) { return OptionValue(word) != value; });
    case Option::Kind::integer:
      return std::get<std::int64_t>(value) + 2;
    case Option::Kind::number:
      return (std::get<double>(value) + std::min(row.most, 100.0)) / 2;
    case Option::Kind::interval:
      return "7steps";
    case Option::Kind::sizes:
      break;
  }
  return std::vector<std::int64_t>{3, 2};
}

TEST(OptionTable, EveryRowHasAMemberOfItsOwn) {
  for (const Option& row : option_table()) {
    RunOptions changed;
    const OptionValue value = other_value(row);
    ASSERT_TRUE(row.accepts(value)) << row.name;
    row.put(changed, value);
    for (const Option& other : option_table()) {
      EXPECT_EQ(other.get(changed), &other == &row ? value : other.get({}))
          << row.name << ", " << other.name;
    }
  }
}

// With the test above: as many members as rows, and no two rows share one.
TEST(OptionTable, EveryMemberHasARow) {
  EXPECT_EQ(num_members<RunOptions>(), 5U) << "A new group is missing from this test.";
  // Two members of DataOptions are groups themselves.
  EXPECT_EQ(num_members<DataOptions>() - 2 + num_members<TableOptions>() +
                num_members<SampleOptions>() + num_members<WorkerOptions>() +
                num_members<ModelOptions>() + num_members<TrainingOptions>() +
                num_members<OutputOptions>(),
            option_table().size())
      << "A member of a group has no row in option_table.cpp.";
}

TEST(OptionTable, ConfigFilesCarryEveryOption) {
  RunOptions changed;
  for (const Option& row : option_table()) {
    row.put(changed, other_value(row));
  }
  EXPECT_EQ(run_options_from_json(to_json(changed), "config.json"), changed);
}

TEST(OptionTable, ArgumentsOfPythonHaveNamesOfTheirOwn) {
  for (const Option& row : option_table()) {
    EXPECT_EQ(find_argument(row.argument), &row);
    EXPECT_EQ(row.argument.find('-'), std::string::npos) << row.argument;
  }
  EXPECT_EQ(find_argument("num_client_items"), find_option("workers"));
  EXPECT_EQ(find_argument("workers"), nullptr);
}

TEST(OptionTable, HelpIsOneSentenceOrMore) {
  for (const Option& row : option_table()) {
    EXPECT_TRUE(row.help.ends_with('.')) << row.name;
    EXPECT_EQ(row.help.find('\n'), std::string::npos) << row.name;
  }
}

}  // namespace
}  // namespace dga
