// SPDX-License-Identifier: Apache-2.0

#include "dga/launch/launch_arguments.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "dga/base/error.h"

namespace dga {
namespace {

using testing::ElementsAre;

struct Parsed {
  LaunchOptions options;
  std::vector<std::string> left;
};

Parsed parse(std::vector<std::string> arguments, const LaunchOptions& defaults = {}) {
  std::vector<char*> argv;
  for (std::string& argument : arguments) {
    argv.push_back(argument.data());
  }
  argv.push_back(nullptr);
  auto argc = static_cast<int>(arguments.size());
  Parsed parsed{.options = launch_arguments(argc, argv.data(), defaults), .left = {}};
  parsed.left.assign(argv.begin(), argv.begin() + argc);
  EXPECT_EQ(argv[static_cast<std::size_t>(argc)], nullptr);
  return parsed;
}

std::string parsing_error(std::vector<std::string> arguments) {
  try {
    parse(std::move(arguments));
  } catch (const InvalidArgument& error) {
    return error.what();
  }
  return "no error";
}

TEST(LaunchArguments, AreTakenOutAndOthersStay) {
  const Parsed parsed =
      parse({"program", "data", "--workers", "5", "--enginex", "--engine=processes", "--verbose",
             "--seed", "9", "--timeout=1.5", "last"});
  EXPECT_EQ(parsed.options.workers, 5);
  EXPECT_EQ(parsed.options.engine, Engine::processes);
  EXPECT_EQ(parsed.options.seed, 9U);
  EXPECT_EQ(parsed.options.timeout_s, 1.5);
  EXPECT_THAT(parsed.left, ElementsAre("program", "data", "--enginex", "--verbose", "last"));
}

TEST(LaunchArguments, AfterTwoDashesAreTheProgramsOwn) {
  const Parsed parsed = parse({"program", "--workers", "2", "--", "--workers", "x"});
  EXPECT_EQ(parsed.options.workers, 2);
  EXPECT_THAT(parsed.left, ElementsAre("program", "--", "--workers", "x"));
}

TEST(LaunchArguments, WithoutAnyTheDefaultsHold) {
  const Parsed parsed = parse({"program"}, {.engine = Engine::threads, .workers = 4, .seed = 3});
  EXPECT_EQ(parsed.options.engine, Engine::threads);
  EXPECT_EQ(parsed.options.workers, 4);
  EXPECT_EQ(parsed.options.seed, 3U);
  EXPECT_THAT(parsed.left, ElementsAre("program"));
}

TEST(LaunchArguments, UnderMpiTheRanksAreTheWorkersUnlessSaid) {
  EXPECT_EQ(parse({"program", "--engine", "mpi"}, {.workers = 4}).options.workers, 0);
  EXPECT_EQ(parse({"program", "--engine", "mpi", "--workers", "3"}, {.workers = 4}).options.workers,
            3);
}

TEST(LaunchArguments, ThatMakeNoSenseAreRefused) {
  EXPECT_EQ(parsing_error({"program", "--workers"}),
            "[launch] --workers: expected a value after it, found none.");
  EXPECT_EQ(parsing_error({"program", "--workers", "0"}),
            "[launch] --workers: expected a number of at least 1, found '0'.");
  EXPECT_EQ(parsing_error({"program", "--workers=4x"}),
            "[launch] --workers: expected a number of at least 1, found '4x'.");
  EXPECT_EQ(parsing_error({"program", "--seed", "-1"}),
            "[launch] --seed: expected a number of at least 0, found '-1'.");
  EXPECT_EQ(parsing_error({"program", "--timeout", "0"}),
            "[launch] --timeout: expected a number of at least 0.001, found '0'.");
  EXPECT_THAT(parsing_error({"program", "--engine", "cloud"}), testing::HasSubstr("cloud"));
}

}  // namespace
}  // namespace dga
