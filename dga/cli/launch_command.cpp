// SPDX-License-Identifier: Apache-2.0
//
// dga launch: starts a program on the hosts of a cluster, and keeps it running.

#include <wordexp.h>

#include <memory>
#include <string>
#include <vector>

#include "dga/base/error.h"
#include "dga/base/home_path.h"
#include "dga/base/one_line.h"
#include "dga/cli/command.h"
#include "dga/cli/option_arguments.h"
#include "dga/supervise/supervisor.h"

namespace dga {
namespace {

struct LaunchArguments {
  std::shared_ptr<OptionArguments> options = {};
  JobOptions job;
  std::string launcher = "mpirun";
};

/// The words of a command, with the quotes of a shell.
std::vector<std::string> words_of(const std::string& text) {
  wordexp_t found{};
  const int error = wordexp(text.c_str(), &found, WRDE_NOCMD);
  std::vector<std::string> words;
  if (error == 0) {
    words.assign(found.we_wordv, found.we_wordv + found.we_wordc);
    wordfree(&found);
  }
  DGA_CHECK(!words.empty(), "[options] mpirun: expected the words of a command, found \"",
            one_line(text), "\". Quote those with special characters.");
  return words;
}

}  // namespace

Action add_launch(CLI::App& app) {
  auto arguments = std::make_shared<LaunchArguments>();
  JobOptions& job = arguments->job;
  app.add_option("--hostfile", job.hostfile,
                 "The hosts, one in each line (\"node1 slots=4\"). When the file changes, the job "
                 "goes on on its new hosts.")
      ->type_name("FILE");
  app.add_option("--carriers", job.carriers,
                 "The most ranks to start. Default: as many as slots or, without a host file, "
                 "cores.")
      ->type_name("N");
  app.add_option("--min-carriers", job.min_carriers,
                 "Ends the job when hosts are lost and fewer ranks are left.")
      ->type_name("N")
      ->capture_default_str();
  arguments->options = OptionArguments::add_to(app, {"max-restarts"});
  app.add_option("--mpirun", arguments->launcher,
                 "The MPI launcher, with options of its own (\"mpirun --oversubscribe\").")
      ->type_name("COMMAND")
      ->capture_default_str();
  app.add_option("PROGRAM", job.program, "After --: the program and its arguments.")
      ->required()
      ->type_name("…")
      ->expected(-1);
  return [arguments] {
    JobOptions options = arguments->job;
    options.hostfile = options.hostfile.empty() ? "" : expand_home(options.hostfile);
    options.max_restarts = arguments->options->resolve().workers.max_restarts;
    options.launcher = words_of(arguments->launcher);
    return supervise(options);
  };
}

}  // namespace dga
