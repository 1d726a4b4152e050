// SPDX-License-Identifier: Apache-2.0

#include "dga/parallel/unused_watch.h"

#include <algorithm>
#include <iostream>
#include <utility>

#include "dga/base/error.h"

namespace dga {

UnusedWatch::UnusedWatch(std::size_t num_parameters, std::int64_t after,
                         std::function<void(const std::string&)> warn)
    : ever_used_(num_parameters, 0), steps_left_(after), after_(after), warn_(std::move(warn)) {}

void UnusedWatch::step_taken(std::span<const std::uint8_t> used,
                             const std::function<std::string(std::size_t)>& name) {
  if (steps_left_ <= 0) {
    return;
  }
  --steps_left_;
  if (used.empty()) {
    steps_left_ = 0;  // all parameters have been used
    return;
  }
  for (std::size_t i = 0; i < used.size(); ++i) {
    ever_used_[i] |= used[i];
  }
  if (steps_left_ > 0) {
    return;
  }
  std::string names;
  for (std::size_t i = 0; i < ever_used_.size(); ++i) {
    if (ever_used_[i] == 0) {
      names += (names.empty() ? "'" : ", '") + name(i) + "'";
    }
  }
  if (names.empty()) {
    return;
  }
  const std::string text =
      str("[parallel] no gradient in ", after_, " steps for ", names,
          ". Freeze what is meant to stay (requires_grad_(false)). Assigning one module's tensor "
          "to another's member does not tie them: register it there with register_parameter.");
  if (warn_) {
    warn_(text);
  } else {
    std::cerr << text + '\n';
  }
}

}  // namespace dga
