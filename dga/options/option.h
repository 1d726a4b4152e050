// SPDX-License-Identifier: Apache-2.0
//
// Option: one row of the table of options: its name, type, bounds and help, and where in RunOptions
// its value lies.

#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "dga/options/run_options.h"

namespace dga {

/// flag bool, integer int64, number double, text, choice and interval string, sizes vector.
using OptionValue =
    std::variant<bool, std::int64_t, double, std::string, std::vector<std::int64_t>>;

struct Option {
  enum class Kind { flag, integer, number, text, choice, interval, sizes };
  /// The API call that accepts the option (problem.h).
  enum class Scope {
    environment,  ///< create_environment
    dataset,      ///< create_dataset and create_factorization_problem
    problem,      ///< create_factorization_problem
    program,      ///< none: only the command line uses it
  };

  std::string name = {};  // "micro-steps"
  /// Its name as an argument in Python: `name` with '_' for '-', except where the problem API has
  /// a fixed name, such as "num_client_items".
  std::string argument = {};
  std::string group = {};  // heading in the docs
  Kind kind = Kind::text;
  Scope scope = Scope::problem;
  /// Whether Python accepts it as a positional argument. It is then a named parameter of the Python
  /// functions instead of a keyword from _option_types.pyi.
  bool positional = false;
  std::string placeholder = {};  // "N", "DIR", …
  std::string help = {};
  /// integer, number, each of sizes: the bounds, inclusive unless said otherwise.
  double least = 0;
  double most = 0;
  bool above_least = false;
  bool below_most = false;
  /// Keyword that stands for 0 (for sizes an empty list, for intervals never), such as "auto" or
  /// "off". Empty: there is none. Users type the keyword; 0 itself is out of bounds.
  std::string zero_word = {};
  std::vector<std::string> choices = {};
  /// Whether configuration files may set it.
  bool in_files = true;
  /// Whether it may have another value when a run is resumed: it does not change the weights, or
  /// people change it on purpose.
  bool resumable = false;

  std::function<OptionValue(const RunOptions&)> get = {};
  /// The value must be of this type; accepts() or check_bounds() says whether it is within bounds.
  std::function<void(RunOptions&, const OptionValue&)> put = {};

  /// Whether the value is the path of a file or folder. put() replaces "~" at its start.
  bool is_path() const;
  /// "an integer from 1 to 4096, or auto": completes "expected".
  std::string expectation() const;
  /// Whether the value is of this type and within the bounds.
  bool accepts(const OptionValue& value) const;
  /// The value of zero_word, if there is one.
  std::optional<OptionValue> zero() const;
  /// The value of `text`; none if it has the wrong type or is out of bounds.
  std::optional<OptionValue> parse(std::string_view text) const;
  /// The text that parse() reads as `value`.
  std::string text_of(const OptionValue& value) const;

  /// Parses, checks and puts. Throws InvalidArgument, beginning with `place`:
  /// "PLACE: expected EXPECTATION, found "TEXT". …"
  void set(RunOptions& options, std::string_view text, const std::string& place) const;
  /// Throws that error.
  [[noreturn]] void reject(const std::string& place, const std::string& found) const;

 private:
  std::optional<OptionValue> parse_plain(std::string_view text) const;
};

}  // namespace dga
