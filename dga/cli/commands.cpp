// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <array>
#include <iostream>
#include <vector>

#include "dga/base/error.h"
#include "dga/base/nearest.h"
#include "dga/cli/command.h"

namespace dga {
namespace {

const std::array kCommands{
    Command{"train", "train a model on a dataset, on many workers", add_train, true},
    Command{"launch", "start a program under MPI, and again after a failure", add_launch},
    Command{"predict", "predict samples with a trained model, and measure its error", add_predict},
    Command{"report", "write charts of one or more runs as one HTML file", add_report},
    Command{"checkpoint ls", "list the checkpoints of a run", add_checkpoint_ls},
    Command{"checkpoint verify", "compare the files of checkpoints with their manifests",
            add_checkpoint_verify},
    Command{"checkpoint export", "write the weights of a checkpoint as safetensors",
            add_checkpoint_export},
    Command{"checkpoint diff", "compare two checkpoints, tensor by tensor", add_checkpoint_diff},
    Command{"data info", "show what a dataset is", add_data_info},
    Command{"data convert", "write a dataset in another format", add_data_convert},
    Command{"data split", "divide a dataset into training, validation and test files",
            add_data_split},
    Command{"fs ls", "list a folder, on this machine or in an HDFS", add_fs_ls},
    Command{"fs cat", "print files", add_fs_cat},
    Command{"fs cp", "copy files, also between this machine and an HDFS", add_fs_cp},
    Command{"fs mv", "rename a file or folder", add_fs_mv},
    Command{"fs rm", "remove files", add_fs_rm},
    Command{"fs stat", "show the kind and size of a file", add_fs_stat},
    Command{"fs mkdir", "make folders", add_fs_mkdir},
    Command{"fs verify", "compare the files of a run or dataset with its manifest", add_fs_verify},
    Command{"info", "show the features of this build, and the machine", add_info},
    Command{"bench comm", "measure all_reduce between workers by message size", add_bench_comm,
            true},
    Command{"options", "list the options of train", add_options},
    Command{"completion", "print a script for shell completion", add_completion},
    Command{"version", "print the version", add_version},
};

void print_help() {
  std::cout << "dga COMMAND [OPTION…]: distributed training for LibTorch\n\n";
  std::size_t widest = 0;
  for (const Command& command : kCommands) {
    widest = std::max(widest, command.name.size());
  }
  for (const Command& command : kCommands) {
    std::cout << "  dga " << command.name << std::string(widest + 3 - command.name.size(), ' ')
              << command.summary << '\n';
  }
  std::cout << "\ndga help COMMAND lists the options of a command.\n";
}

/// The hint for a word that is none of `names`.
std::string hint(const std::string& word, const std::vector<std::string>& names,
                 const std::string& prefix) {
  const std::string best = nearest(word, names);
  return best.empty() ? "" : str(" Did you mean ", prefix, best, "?");
}

/// The command whose words `args` begin with, or null.
const Command* command_of(std::span<const std::string> args, std::size_t& num_words) {
  for (const Command& command : kCommands) {
    num_words =
        static_cast<std::size_t>(1 + std::count(command.name.begin(), command.name.end(), ' '));
    if (!args.empty() &&
        (args[0] == command.name ||
         (num_words == 2 && args.size() > 1 && str(args[0], ' ', args[1]) == command.name))) {
      return &command;
    }
  }
  return nullptr;
}

/// The same; throws InvalidArgument if there is none.
const Command& find_command(std::span<const std::string> args, std::size_t& num_words) {
  if (const Command* command = command_of(args, num_words)) {
    return *command;
  }
  std::vector<std::string> names(kCommands.size());
  std::transform(kCommands.begin(), kCommands.end(), names.begin(),
                 [](const Command& command) { return command.name; });
  throw InvalidArgument(str("[cli] expected a command, found \"", args[0], "\".",
                            hint(args[0], names, "dga "), " See dga help."));
}

void reject_extras(const CLI::App& app) {
  std::vector<std::string> extras = app.remaining();
  std::erase(extras, "--");  // CLI11 leaves it there
  if (extras.empty()) {
    return;
  }
  const std::string word = extras.front().substr(0, extras.front().find('='));
  if (!word.starts_with('-')) {
    throw InvalidArgument(str("[options] expected options only, found \"", word, "\". See ",
                              app.get_name(), " --help."));
  }
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      names.push_back(name);
    }
  }
  throw InvalidArgument(str("[options] ", word,
                            ": expected the name of an option, found none like it.",
                            hint(word.substr(word.find_first_not_of('-') == std::string::npos
                                                 ? word.size()
                                                 : word.find_first_not_of('-')),
                                 names, "--"),
                            " See ", app.get_name(), " --help."));
}

int run(const Command& command, std::span<const std::string> options) {
  CLI::App app(command.summary, "dga " + command.name);
  app.set_help_flag("-h,--help", "Print this help");
  app.allow_extras();
  const Action action = command.add(app);
  try {
    // CLI11 takes its arguments from the back.
    app.parse(std::vector<std::string>(options.rbegin(), options.rend()));
  } catch (const CLI::CallForHelp&) {
    std::cout << app.help();
    return 0;
  } catch (const CLI::ArgumentMismatch& error) {
    // "--epochs: 1 required N missing", or "--epochs: At Most 1 required but received 2"
    const std::string text = error.what();
    const bool missing = text.ends_with("missing");
    throw InvalidArgument(str("[options] ", text.substr(0, text.find(':')), ": expected ",
                              missing ? "a value after it, found none" : "it once, found it again",
                              ". See ", app.get_name(), " --help."));
  } catch (const CLI::ParseError& error) {
    throw InvalidArgument(str("[options] ", error.what(), ". See ", app.get_name(), " --help."));
  }
  reject_extras(app);
  return action();
}

}  // namespace

std::span<const Command> commands() {
  return kCommands;
}

bool runs_on_every_rank(std::span<const std::string> args) {
  std::size_t num_words = 0;
  const Command* command = command_of(args, num_words);
  const auto asks_for_help = [](const std::string& word) {
    return word == "--help" || word == "-h";
  };
  return command != nullptr && command->on_every_rank &&
         std::none_of(args.begin(), args.end(), asks_for_help);
}

int run_command(std::span<const std::string> args) {
  if (args.empty()) {
    throw InvalidArgument("[cli] expected a command, found none. See dga help.");
  }
  std::size_t num_words = 0;
  if (args[0] == "--version") {
    return run(find_command(std::array<std::string, 1>{"version"}, num_words), {});
  }
  const bool wants_help = args[0] == "help" || args[0] == "--help" || args[0] == "-h";
  if (wants_help && args.size() == 1) {
    print_help();
    return 0;
  }
  if (wants_help) {
    return run(find_command(args.subspan(1), num_words), std::array<std::string, 1>{"--help"});
  }
  const Command& command = find_command(args, num_words);
  return run(command, args.subspan(num_words));
}

}  // namespace dga
