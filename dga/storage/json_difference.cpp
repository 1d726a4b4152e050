// SPDX-License-Identifier: Apache-2.0

#include "dga/storage/json_difference.h"

#include <algorithm>

#include "dga/base/error.h"
#include "dga/storage/byte_source.h"
#include "dga/storage/json_number.h"

namespace dga {
namespace {

constexpr std::size_t kMostText = 60;

Json parsed(std::string_view text, const std::string& path) {
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) {
    throw StorageError(
        str("[storage] ", path, ": expected JSON, found other contents. Copy the file again."));
  }
  return json;
}

std::string value_text(const Json* json) {
  return json == nullptr ? "none" : printable(line_text(*json), kMostText);
}

/// Finds the differences of two values.
class JsonWalk {
 public:
  explicit JsonWalk(std::string_view ignored) : ignored_(ignored) {}

  void compare(const std::string& name, const Json& a, const Json& b) {
    if (a.is_object() && b.is_object()) {
      compare_members(name, a, b);
    } else if (a.is_array() && b.is_array()) {
      compare_elements(name, a, b);
    } else if (a != b) {
      found_.push_back({name, value_text(&a), value_text(&b)});
    }
  }
  const std::vector<JsonDifference>& found() const noexcept { return found_; }

 private:
  void compare_members(const std::string& name, const Json& a, const Json& b) {
    const std::string prefix = name.empty() ? "" : name + '.';
    for (const auto& [key, value] : a.items()) {
      if (key == ignored_) {
        continue;
      }
      if (const auto other = b.find(key); other != b.end()) {
        compare(prefix + key, value, *other);
      } else {
        found_.push_back({prefix + key, value_text(&value), value_text(nullptr)});
      }
    }
    for (const auto& [key, value] : b.items()) {
      if (key != ignored_ && !a.contains(key)) {
        found_.push_back({prefix + key, value_text(nullptr), value_text(&value)});
      }
    }
  }

  void compare_elements(const std::string& name, const Json& a, const Json& b) {
    std::size_t differing = 0;
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
      JsonWalk element(ignored_);
      element.compare("", unpacked(a[i]), unpacked(b[i]));
      differing += element.found_.empty() ? 0U : 1U;
    }
    if (differing == 0 && a.size() == b.size()) {
      return;
    }
    if (std::max(line_text(a).size(), line_text(b).size()) <= kMostText) {
      found_.push_back({name, value_text(&a), value_text(&b)});
    } else if (a.size() != b.size()) {
      found_.push_back({name, str(a.size(), " elements"), str(b.size(), " elements")});
    } else {
      const std::string text = str(differing, " of ", a.size(), " elements");
      found_.push_back({name, text, text});
    }
  }

  /// A line of JSON as what it says.
  static Json unpacked(const Json& json) {
    if (!json.is_string() || !json.get_ref<const std::string&>().starts_with('{')) {
      return json;
    }
    Json inner =
        Json::parse(json.get_ref<const std::string&>(), nullptr, /*allow_exceptions=*/false);
    return inner.is_discarded() ? json : inner;
  }

  std::string_view ignored_;
  std::vector<JsonDifference> found_;
};

}  // namespace

std::vector<JsonDifference> differing_values(std::string_view a, const std::string& path_of_a,
                                             std::string_view b, const std::string& path_of_b,
                                             std::string_view ignored) {
  JsonWalk walk(ignored);
  walk.compare("", parsed(a, path_of_a), parsed(b, path_of_b));
  return walk.found();
}

}  // namespace dga
