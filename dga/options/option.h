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

/// flag bool, integer int64, number double, text and choice string, sizes vector.
using OptionValue =
    std::variant<bool, std::int64_t, double, std::string, std::vector<std::int64_t>>;

struct Option {
  enum class Kind { flag, integer, number, text, choice, sizes };

  std::string name = {};   // "micro-steps"
  std::string group = {};  // heading in the docs
  Kind kind = Kind::text;
  std::string placeholder = {};  // "N", "DIR", …
  std::string help = {};
  /// integer, number, each of sizes: the bounds, inclusive unless said otherwise.
  double least = 0;
  double most = 0;
  bool above_least = false;
  bool below_most = false;
  /// The word for 0 (for sizes: for none at all) where that means something of its own, outside the
  /// bounds. It is never typed as 0.
  std::string zero_word = {};
  std::vector<std::string> choices = {};
  /// Whether configuration files may set it.
  bool in_files = true;

  std::function<OptionValue(const RunOptions&)> get = {};
  /// Takes zero(), or a value that accepts() has accepted.
  std::function<void(RunOptions&, const OptionValue&)> put = {};

  /// "an integer from 1 to 4096, or auto": completes "expected".
  std::string expectation() const;
  /// Whether the value is of this type and within the bounds.
  bool accepts(const OptionValue& value) const;
  /// What the zero word stands for, if there is one.
  std::optional<OptionValue> zero() const;
  /// A value as typed; none when it is not of this type, or out of bounds.
  std::optional<OptionValue> parse(std::string_view text) const;
  /// As parse() would take it.
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
