// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>

namespace dga {

/// Something that must be the same on every rank of a run, as text.
struct Fact {
  std::string name = {};    // such as "lr"
  std::string value = {};   // such as "0.003"
  std::string remedy = {};  // a sentence: what to do where the values differ
  /// Whether a difference is an error; otherwise it is a warning.
  bool required = true;

  bool operator==(const Fact&) const = default;
};

}  // namespace dga
