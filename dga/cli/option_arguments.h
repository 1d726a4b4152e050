// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <CLI/CLI.hpp>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dga/options/option.h"

namespace dga {

/// The arguments of a command, one for each row of the table of options.
class OptionArguments {
 public:
  /// Adds an argument to `app` for each row of the table, or only for the rows with these names.
  static std::shared_ptr<OptionArguments> add_to(
      CLI::App& app, std::initializer_list<std::string_view> names = {});

  /// Call after parsing. Returns the defaults, overridden by the file that --config names,
  /// overridden by the command line. Throws InvalidArgument.
  RunOptions resolve() const;

 private:
  std::vector<std::pair<const Option*, std::string>> typed_;
};

}  // namespace dga
