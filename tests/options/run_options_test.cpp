// SPDX-License-Identifier: Apache-2.0

#include "dga/options/run_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <set>
#include <string>

#include "dga/base/error.h"
#include "dga/options/option_table.h"
#include "tests/support/error_of.h"

namespace dga {
namespace {

using testing::HasSubstr;
using testing::StartsWith;
using testing::ThrowsMessage;

RunOptions with_data() {
  RunOptions options;
  options.data.path = "digits";
  return options;
}

/// The error of typing `text` for `name`.
std::string error_of_setting(const std::string& name, const std::string& text) {
  RunOptions options;
  return test::error_of<InvalidArgument>(
      [&] { find_option(name)->set(options, text, "[options] --" + name); });
}

TEST(RunOptions, DefaultsAreAccepted) {
  EXPECT_NO_THROW(check_options(with_data()));
}

TEST(RunOptions, NeedData) {
  EXPECT_THAT(
      [] { check_options({}); },
      ThrowsMessage<InvalidArgument>("[options] data: expected a folder or file with samples, "
                                     "found none. Give --data DIR."));
}

TEST(RunOptions, OutOfBoundsAreRefusedByName) {
  RunOptions options = with_data();
  options.workers.count = -3;
  EXPECT_THAT([&] { check_options(options); },
              ThrowsMessage<InvalidArgument>(
                  "[options] workers: expected an integer from 1 to 4096, or auto, found -3. "
                  "Correct the value."));
  options = with_data();
  options.model.hidden = {100, 0};
  EXPECT_THAT([&] { check_options(options); },
              ThrowsMessage<InvalidArgument>(StartsWith("[options] hidden: ")));
}

TEST(RunOptions, ClassWeightsAreNotForRegression) {
  RunOptions options = with_data();
  options.training.class_weights = ClassWeights::balanced;
  EXPECT_NO_THROW(check_options(options));
  options.data.task = Task::regression;
  EXPECT_THAT([&] { check_options(options); },
              ThrowsMessage<InvalidArgument>(
                  "[options] class-weights: expected none for regression, which has no classes, "
                  "found balanced. Leave it out."));
}

TEST(RunOptions, LevelsThatAreNotThereSayWhichPartIsMissing) {
  const std::array<std::string, 3> missing{"pipeline", "tensor", "space"};
  for (int levels = 2; levels <= 4; ++levels) {
    RunOptions options = with_data();
    options.workers.levels = levels;
    EXPECT_THAT([&] { check_options(options); },
                ThrowsMessage<InvalidArgument>(
                    str("[options] levels: expected 1 (data parallelism), found ", levels, ": ",
                        missing[static_cast<std::size_t>(levels - 2)],
                        " parallelism is not there yet. Use 1.")));
  }
}

TEST(RunOptions, ALearningRateThatIsGivenIsTaken) {
  RunOptions options;
  options.training.lr = 0.125;
  EXPECT_EQ(resolve_lr(options), 0.125);
}

TEST(OptionTable, HasUniqueNamesAndHelpForEach) {
  std::set<std::string> names;
  for (const Option& row : option_table()) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_FALSE(row.help.empty()) << row.name;
    EXPECT_FALSE(row.group.empty()) << row.name;
  }
}

TEST(OptionTable, DefaultsAreWithinTheirOwnBounds) {
  const RunOptions defaults;
  for (const Option& row : option_table()) {
    const OptionValue value = row.get(defaults);
    EXPECT_TRUE(value == row.zero() || row.accepts(value)) << row.name;
  }
}

TEST(OptionTable, WordsAreThoseOfTheRoomsBelow) {
  for (const std::string& word : find_option("engine")->choices) {
    RunOptions options;
    find_option("engine")->set(options, word, "");
    EXPECT_EQ(name_of(options.workers.engine), word);
  }
  for (const std::string& word : find_option("shard")->choices) {
    RunOptions options;
    find_option("shard")->set(options, word, "");
    EXPECT_EQ(options.data.shard, value_in(kShardKindNames, word));
  }
}

TEST(OptionTable, FindsNamesWithUnderscoresToo) {
  EXPECT_EQ(find_option("micro_steps"), find_option("micro-steps"));
  EXPECT_EQ(find_option("nonsense"), nullptr);
}

TEST(Option, ReadsEachTypeFromText) {
  RunOptions options;
  const auto set = [&](const std::string& name, const std::string& text) {
    find_option(name)->set(options, text, name);
  };
  set("data", "a folder");
  set("workers", "30");
  set("hidden", "100,50");
  set("lr", "1e-3");
  set("optimizer", "adamw");
  set("quiet", "true");
  set("seed", "9007199254740992");
  EXPECT_EQ(options.data.path, "a folder");
  EXPECT_EQ(options.workers.count, 30);
  EXPECT_EQ(options.model.hidden, (std::vector<std::int64_t>{100, 50}));
  EXPECT_EQ(options.training.lr, 1e-3);
  EXPECT_EQ(options.training.optimizer, OptimizerKind::adamw);
  EXPECT_TRUE(options.output.quiet);
  EXPECT_EQ(options.training.seed, 9007199254740992U);
  set("workers", "auto");
  set("hidden", "none");
  EXPECT_EQ(options.workers.count, 0);
  EXPECT_TRUE(options.model.hidden.empty());
}

TEST(Option, ASeedBeyondTheLimitIsRefusedToTheLastInteger) {
  const Option& seed = *find_option("seed");
  EXPECT_TRUE(seed.accepts(std::int64_t{9007199254740992}));
  // As doubles, the first of these are the limit itself.
  for (const std::int64_t value : {std::int64_t{9007199254740993}, std::int64_t{9007199254740994},
                                   std::numeric_limits<std::int64_t>::max(), std::int64_t{-1}}) {
    EXPECT_FALSE(seed.accepts(value)) << value;
  }
  EXPECT_FALSE(seed.parse("9007199254740993").has_value());
  EXPECT_FALSE(seed.parse("18446744073709551617").has_value());
  RunOptions options = with_data();
  options.training.seed = 9007199254740993U;
  EXPECT_THROW(check_options(options), InvalidArgument);
}

TEST(Option, TextReadsBackAsTheSameValue) {
  RunOptions options = with_data();
  options.model.hidden = {3, 2, 1};
  options.training.lr = 0.1;
  options.data.test_fraction = 1.0 / 3;
  options.data.shard = ShardKind::by_label;
  RunOptions copy;
  for (const Option& row : option_table()) {
    if (const std::string text = row.text_of(row.get(options)); !text.empty()) {
      row.set(copy, text, row.name);
    }
  }
  EXPECT_EQ(copy, options);
}

TEST(Option, ErrorsNameOptionValueAndBounds) {
  const std::string workers =
      "[options] --workers: expected an integer from 1 to 4096, or auto, found ";
  EXPECT_EQ(error_of_setting("workers", "0"), workers + "\"0\". Correct the value.");
  EXPECT_EQ(error_of_setting("workers", "-3"), workers + "\"-3\". Correct the value.");
  EXPECT_EQ(error_of_setting("workers", "1000000"), workers + "\"1000000\". Correct the value.");
  EXPECT_EQ(error_of_setting("workers", "many"), workers + "\"many\". Correct the value.");
  EXPECT_EQ(
      error_of_setting("engine", "gpu"),
      "[options] --engine: expected auto, threads, processes or mpi, found \"gpu\". Correct the "
      "value.");
  EXPECT_EQ(
      error_of_setting("test-fraction", "1"),
      "[options] --test-fraction: expected a number from 0 to below 1, found \"1\". Correct the "
      "value.");
  EXPECT_EQ(
      error_of_setting("ema", "1"),
      "[options] --ema: expected a number from 0 to below 1, found \"1\". Correct the value.");
  EXPECT_EQ(
      error_of_setting("patience", "-1"),
      "[options] --patience: expected an integer from 0 to 1000000, found \"-1\". Correct the "
      "value.");
  EXPECT_EQ(error_of_setting("class-weights", "some"),
            "[options] --class-weights: expected none or balanced, found \"some\". Correct the "
            "value.");
  EXPECT_EQ(
      error_of_setting("hidden", "100,,50"),
      "[options] --hidden: expected up to 64 integers from 1 to 1000000 separated by commas, or "
      "none, found \"100,,50\". Correct the value.");
}

TEST(Option, RefusesWhatIsNearlyANumber) {
  for (const char* text : {"", " 1", "1 ", "1.5", "1e2", "0x10", "+1", "99999999999999999999"}) {
    EXPECT_THAT(error_of_setting("epochs", text), HasSubstr("expected an integer")) << text;
  }
  for (const char* text : {"", "nan", "inf", "-1", "0", "1e999", "0.1f", "1,5"}) {
    EXPECT_THAT(error_of_setting("lr", text), HasSubstr("expected a number above 0")) << text;
  }
}

TEST(Option, HintsAtTheNameThatWasMeant) {
  EXPECT_EQ(option_hint("worker", "--"), " Did you mean --workers?");
  EXPECT_EQ(option_hint("frobnicate", "--"), "");
}

}  // namespace
}  // namespace dga
