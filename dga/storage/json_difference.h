// SPDX-License-Identifier: Apache-2.0
//
// JsonDifference: a value that is not the same in two JSON texts.

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace dga {

struct JsonDifference {
  std::string name = {};  // of the value and of what contains it: "options.seed"
  /// The values as JSON, for people: a long one is cut. "none": there is no value of that name.
  std::string a = {};
  std::string b = {};

  bool operator==(const JsonDifference&) const = default;
};

/// The values that differ, in the order of `a`, then those that only `b` has. A long array
/// is one value: the number of elements that differ, the same in `a` and `b`, or its length. A text
/// that is the JSON of an object is compared as that object. Members called `ignored` are left out,
/// at any depth. Throws StorageError, which names the path, if a text is not JSON.
std::vector<JsonDifference> differing_values(std::string_view a, const std::string& path_of_a,
                                             std::string_view b, const std::string& path_of_b,
                                             std::string_view ignored = {});

}  // namespace dga
