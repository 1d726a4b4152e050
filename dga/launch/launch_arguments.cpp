// SPDX-License-Identifier: Apache-2.0

#include "dga/launch/launch_arguments.h"

#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

#include "dga/base/error.h"
#include "dga/base/one_line.h"
#include "dga/launch/launch.h"

namespace dga {
namespace {

template <typename Number>
Number number_from(std::string_view name, std::string_view text, Number least) {
  Number value{};
  const auto end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  DGA_CHECK(parsed.ec == std::errc{} && parsed.ptr == end && value >= least, "[launch] ", name,
            ": expected a number of at least ", least, ", found '", one_line(text), "'.");
  return value;
}

/// The value of option `name` at argument `i`, which moves to the last argument it takes up; none
/// where argument `i` is another.
std::optional<std::string_view> value_at(std::string_view name, int& i, int argc, char** argv) {
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

}  // namespace

LaunchOptions launch_arguments(int& argc, char** argv, LaunchOptions defaults) {
  LaunchOptions options = std::move(defaults);
  bool workers_given = false;
  int kept = argc > 0 ? 1 : 0;
  for (int i = kept; i < argc; ++i) {
    if (std::string_view(argv[i]) == "--") {
      while (i < argc) {
        argv[kept++] = argv[i++];
      }
    } else if (const auto engine = value_at("--engine", i, argc, argv)) {
      options.engine = engine_from(*engine);
    } else if (const auto workers = value_at("--workers", i, argc, argv)) {
      options.workers = number_from("--workers", *workers, 1);
      workers_given = true;
    } else if (const auto seed = value_at("--seed", i, argc, argv)) {
      options.seed = number_from("--seed", *seed, std::uint64_t{0});
    } else if (const auto timeout = value_at("--timeout", i, argc, argv)) {
      options.timeout_s = number_from("--timeout", *timeout, 0.001);
    } else {
      argv[kept++] = argv[i];
    }
  }
  if (kept < argc) {
    argv[kept] = nullptr;
    argc = kept;
  }
  if (!workers_given && resolve_engine(options.engine) == Engine::mpi) {
    options.workers = 0;
  }
  return options;
}

}  // namespace dga
