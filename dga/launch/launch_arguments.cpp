// SPDX-License-Identifier: Apache-2.0

#include "dga/launch/launch_arguments.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dga/base/error.h"
#include "dga/launch/launch.h"
#include "dga/options/option_table.h"

namespace dga {
namespace {

/// The rows of the table of options that a launch takes from a program's command line.
constexpr std::array<std::string_view, 5> kNames{"engine", "workers", "carriers", "seed",
                                                 "timeout"};

/// The value of option `name` at argument `i`, which moves to the last argument that it uses; none
/// if argument `i` is another one.
std::optional<std::string_view> value_at(const std::string& name, int& i, int argc, char** argv) {
  const std::string_view argument = argv[i];
  if (!argument.starts_with(name)) {
    return std::nullopt;
  }
  const std::string_view rest = argument.substr(name.size());
  if (!rest.empty()) {
    return rest.front() == '=' ? std::optional(rest.substr(1)) : std::nullopt;
  }
  DGA_CHECK(i + 1 < argc, "[launch] ", name, ": expected a value after it, found none.");
  return argv[++i];
}

/// Sets the option at argument `i` in `run` and returns its name; empty if `i` is no such option.
std::string_view take_option(RunOptions& run, int& i, int argc, char** argv) {
  for (const std::string_view name : kNames) {
    const std::string typed = str("--", name);
    if (const auto value = value_at(typed, i, argc, argv)) {
      find_option(name)->set(run, *value, str("[launch] ", typed));
      return name;
    }
  }
  return {};
}

}  // namespace

LaunchOptions launch_arguments(int& argc, char** argv, LaunchOptions defaults) {
  RunOptions run;
  run.workers.engine = defaults.engine;
  run.workers.count = defaults.workers;
  run.workers.carriers = defaults.carriers;
  run.workers.timeout = defaults.timeout_s;
  run.training.seed = defaults.seed;
  bool workers_given = false;
  std::vector<char*> left;  // written to argv at the end: a call that throws changes nothing
  for (int i = 0; i < argc; ++i) {
    if (std::string_view(argv[i]) == "--") {
      left.insert(left.end(), argv + i, argv + argc);
      break;
    }
    const auto name = i == 0 ? std::string_view() : take_option(run, i, argc, argv);
    workers_given = workers_given || name == "workers";
    if (name.empty()) {
      left.push_back(argv[i]);
    }
  }
  if (std::ssize(left) < argc) {
    std::copy(left.begin(), left.end(), argv);
    argc = static_cast<int>(std::ssize(left));
    argv[argc] = nullptr;
  }
  const Engine engine = resolve_engine(run.workers.engine);
  if (!workers_given && engine == Engine::mpi) {
    run.workers.count = 0;
  }
  LaunchOptions options = std::move(defaults);
  options.engine = run.workers.engine;
  options.workers = resolve_workers(run, engine);
  options.carriers = run.workers.carriers;
  options.timeout_s = run.workers.timeout;
  options.seed = run.training.seed;
  return options;
}

}  // namespace dga
