// SPDX-License-Identifier: Apache-2.0

#include "dga/launch/launch_arguments.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "dga/base/error.h"
#include "tests/support/error_of.h"

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

std::string parsing_error(const std::vector<std::string>& arguments) {
  return test::error_of<InvalidArgument>([&] { parse(arguments); });
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

TEST(LaunchArguments, AutoIsOneWorkerOrAllRanks) {
  EXPECT_EQ(parse({"program", "--workers", "auto"}, {.engine = Engine::threads, .workers = 4})
                .options.workers,
            1);
  EXPECT_EQ(parse({"program", "--engine=mpi", "--workers=auto"}).options.workers, 0);
}

TEST(LaunchArguments, AreLeftAsTheyWereByACallThatThrows) {
  std::string program = "program";
  std::string good = "--workers=2";
  std::string bad = "--seed=x";
  std::vector<char*> argv{program.data(), good.data(), bad.data(), nullptr};
  const std::vector<char*> before = argv;
  int argc = 3;
  EXPECT_THROW(launch_arguments(argc, argv.data()), InvalidArgument);
  EXPECT_EQ(argc, 3);
  EXPECT_EQ(argv, before);
}

TEST(LaunchArguments, ThatMakeNoSenseAreRefused) {
  EXPECT_EQ(parsing_error({"program", "--workers"}),
            "[launch] --workers: expected a value after it, found none.");
  EXPECT_EQ(parsing_error({"program", "--workers", "0"}),
            "[launch] --workers: expected an integer from 1 to 4096, or auto, found \"0\". Correct "
            "the value.");
  EXPECT_EQ(parsing_error({"program", "--workers=4x"}),
            "[launch] --workers: expected an integer from 1 to 4096, or auto, found \"4x\". "
            "Correct the value.");
  EXPECT_EQ(parsing_error({"program", "--seed", "-1"}),
            "[launch] --seed: expected an integer from 0 to 9007199254740992, found \"-1\". "
            "Correct the value.");
  EXPECT_EQ(
      parsing_error({"program", "--timeout", "0"}),
      "[launch] --timeout: expected a number above 0 to 10000000, found \"0\". Correct the value.");
  EXPECT_THAT(parsing_error({"program", "--engine", "cloud"}), testing::HasSubstr("cloud"));
}

}  // namespace
}  // namespace dga
