// SPDX-License-Identifier: Apache-2.0
//
// Options in files: TOML as people write it, config.json as dga does.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "dga/base/error.h"
#include "dga/base/home_path.h"
#include "dga/options/option_table.h"
#include "dga/options/options_json.h"
#include "dga/options/options_toml.h"
#include "dga/storage/atomic_file.h"
#include "tests/support/error_of.h"
#include "tests/support/scratch_folder.h"

namespace dga {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;
using testing::ThrowsMessage;

class TomlFile : public testing::Test {
 protected:
  RunOptions read(const std::string& text, RunOptions options = {}) {
    atomic_write(path_, text);
    read_options_toml(path_, options);
    return options;
  }

  std::string error_in(const std::string& text) {
    return test::error_of<InvalidArgument>([&] { read(text); });
  }

  ScratchFolder folder_;
  std::string path_ = folder_.file("train.toml");
};

TEST_F(TomlFile, SetsWhatItNamesAndLeavesTheRest) {
  RunOptions before;
  before.training.epochs = 3;
  const RunOptions options = read(
      "# the main job\ndata = \"data/digits\"\nworkers = 30\nhidden = [100, 50]\nlr = 1\n"
      "micro_steps = 2\nweight-decay = 0.5\nquiet = true\nshard = 'by-label'\nclip-norm = "
      "\"off\"\n",
      before);
  RunOptions expected = before;
  expected.data.path = "data/digits";
  expected.workers.count = 30;
  expected.model.hidden = {100, 50};
  expected.training.lr = 1;
  expected.training.micro_steps = 2;
  expected.training.weight_decay = 0.5;
  expected.output.quiet = true;
  expected.data.shard = ShardKind::by_label;
  EXPECT_EQ(options, expected);
}

TEST_F(TomlFile, TakesOneHiddenSizeAsAnInteger) {
  EXPECT_EQ(read("hidden = 7").model.hidden, (std::vector<std::int64_t>{7}));
}

TEST_F(TomlFile, NamesTheLineOfAnUnknownKey) {
  EXPECT_EQ(error_in("epochs = 3\n\nworker = 4\n"),
            path_ +
                ":3: worker: expected the name of an option, found another word. Did you mean "
                "workers? See dga train --help.");
}

TEST_F(TomlFile, RefusesTablesAsUnknownKeys) {
  EXPECT_THAT(error_in("[train]\nepochs = 3\n"),
              StartsWith(path_ + ":1: train: expected the name of an option"));
}

TEST_F(TomlFile, RefusesOptionsOfTheCommandLineOnly) {
  EXPECT_EQ(error_in("config = \"other.toml\"\n"),
            path_ +
                ":1: config: expected the name of an option, found one for the command line only. "
                "See dga train --help.");
}

TEST_F(TomlFile, NamesLineBoundsAndValueOfAWrongOne) {
  const std::string workers = ": workers: expected an integer from 1 to 4096, or auto, found ";
  EXPECT_EQ(error_in("workers = 0\n"), path_ + ":1" + workers + "0. Correct the value.");
  EXPECT_EQ(error_in("\nworkers = \"30\"\n"),
            path_ + ":2" + workers + "the string \"30\". Correct the value.");
  EXPECT_EQ(error_in("workers = 1.5\n"),
            path_ + ":1" + workers + "the number 1.5. Correct the value.");
  EXPECT_EQ(error_in("workers = true\n"), path_ + ":1" + workers + "true. Correct the value.");
  EXPECT_EQ(error_in("workers = [1]\n"), path_ + ":1" + workers + "an array. Correct the value.");
  EXPECT_THAT(error_in("quiet = \"yes\"\n"), HasSubstr("expected true or false"));
  EXPECT_THAT(error_in("data = 3\n"), HasSubstr("expected a text, found 3"));
  EXPECT_THAT(error_in("hidden = [1, 2.5]\n"), HasSubstr("found an array"));
  EXPECT_THAT(error_in("lr = nan\n"), HasSubstr("expected a number above 0 to 1000, or auto"));
}

TEST_F(TomlFile, RefusesAnOptionInBothSpellings) {
  EXPECT_EQ(error_in("micro-steps = 2\nepochs = 3\nmicro_steps = 2\n"),
            path_ +
                ":3: micro_steps: expected each option once, found it in line 1 too, as "
                "micro-steps. Remove one of them.");
  EXPECT_EQ(error_in("test_data = \"a\"\ntest-data = \"b\"\n"),
            path_ +
                ":2: test-data: expected each option once, found it in line 1 too, as test_data. "
                "Remove one of them.");
}

TEST_F(TomlFile, ExpandsTheHomeFolderInPathsAlone) {
  const std::string home = expand_home("~");
  const RunOptions options =
      read("data = \"~/x\"\ntest-data = \"~\"\noutput = \"~root/y\"\nlabel = \"~z\"\n");
  EXPECT_EQ(options.data.path, home + "/x");
  EXPECT_EQ(options.data.test_path, home);
  EXPECT_EQ(options.output.folder, expand_home("~root/y"));
  EXPECT_EQ(options.data.table.label, "~z");
}

TEST_F(TomlFile, NamesTheLineThatIsNoToml) {
  EXPECT_THAT(
      error_in("epochs = 3\nworkers = = 4\n"),
      AllOf(StartsWith(path_ + ":2: expected TOML, found that "), testing::Not(HasSubstr("\n"))));
}

TEST_F(TomlFile, NamesAKeyThatStandsTwiceInOneSpelling) {
  for (const char* key : {"lr", "\"lr\"", "'lr'"}) {
    EXPECT_EQ(error_in(str("epochs = 3\n", key, " = 1\n\n  ", key, " = 1\n")),
              str(path_, ":4: ", key,
                  ": expected each option once, found it again. Remove one of them."));
  }
}

TEST_F(TomlFile, SetsNothingWhenSomethingIsWrong) {
  RunOptions options;
  atomic_write(path_, "epochs = 3\nworkers = 0\n");
  EXPECT_THROW(read_options_toml(path_, options), InvalidArgument);
  EXPECT_EQ(options, RunOptions{});
}

TEST_F(TomlFile, ThatIsMissingIsWrongUsage) {
  RunOptions options;
  EXPECT_THAT([&] { read_options_toml(folder_.file("none.toml"), options); },
              ThrowsMessage<InvalidArgument>("[storage] " + folder_.file("none.toml") +
                                             ": expected a readable file, found \"No such file or "
                                             "directory\". Check the path."));
}

TEST(ConfigJson, HasEveryOptionAndReadsBackAsItWas) {
  RunOptions options;
  options.data.path = "data/digits";
  options.model.hidden = {3, 2};
  options.training.lr = 0.1;
  options.training.seed = 9007199254740992;
  options.data.task = Task::regression;
  const std::string text = to_json(options);
  for (const Option& row : option_table()) {
    EXPECT_THAT(text, HasSubstr("\"" + row.name + "\": "));
  }
  EXPECT_EQ(run_options_from_json(text, "config.json"), options);
}

TEST(ConfigJson, HoldsTheSummaryOfTheDataBesideTheOptions) {
  RunOptions options;
  options.data.path = "data";
  const DataSummary summary{.files = {{.path = "data/a.csv"}}, .label = "y", .features = 3};
  const std::string text =
      to_json(options, {{.step = 120, .epoch = 3, .from = 30, .to = 7}}, summary);
  EXPECT_EQ(run_options_from_json(text, "config.json"), options);
  const auto json = nlohmann::json::parse(text);
  EXPECT_EQ(data_summary_from_json(json.at(kSummaryKey).dump(), "config.json"), summary);
  EXPECT_EQ(json.at(kWorkersChangedKey),
            nlohmann::json::parse(R"([{"step":120,"epoch":3,"from":30,"to":7}])"));
  EXPECT_EQ(json.size(), option_table().size() + 2);
  EXPECT_EQ(nlohmann::json::parse(to_json(options, {}, summary)).size(), option_table().size() + 1);
}

TEST(ConfigJson, SaysTheWordForWhatIsLeftOpen) {
  EXPECT_THAT(to_json(RunOptions{}),
              AllOf(HasSubstr("\"workers\": \"auto\""), HasSubstr("\"clip-norm\": \"off\"")));
}

TEST(ConfigJson, RefusesWhatItDoesNotKnow) {
  EXPECT_THAT(
      [] { run_options_from_json("{\"worker\": 3}", "c.json"); },
      ThrowsMessage<InvalidArgument>("[options] c.json: expected the name of an option, found "
                                     "\"worker\". Use the dga that wrote the file."));
  EXPECT_THAT(
      [] { run_options_from_json("{\"workers\": 0}", "c.json"); },
      ThrowsMessage<InvalidArgument>(StartsWith(
          "[options] c.json: workers: expected an integer from 1 to 4096, or auto, found 0")));
  EXPECT_THAT([] { run_options_from_json("[", "c.json"); },
              ThrowsMessage<InvalidArgument>(StartsWith("[options] c.json: expected the options")));
  EXPECT_THAT([] { run_options_from_json("[1]", "c.json"); },
              ThrowsMessage<InvalidArgument>(StartsWith("[options] c.json: expected the options")));
}

}  // namespace
}  // namespace dga
