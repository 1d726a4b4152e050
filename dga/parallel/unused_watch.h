// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace dga {

/// Finds parameters that never receive a gradient, and warns about them once.
class UnusedWatch {
 public:
  /// Warns after `after` steps by calling `warn`, or on standard error if `warn` is empty.
  UnusedWatch(std::size_t num_parameters, std::int64_t after,
              std::function<void(const std::string&)> warn);

  /// Call it after each step. `used`: for each parameter, whether any worker had a gradient; empty
  /// if all parameters had one. `name` is called only when there is something to report.
  void step_taken(std::span<const std::uint8_t> used,
                  const std::function<std::string(std::size_t)>& name);

 private:
  std::vector<std::uint8_t> ever_used_;
  std::int64_t steps_left_;
  std::int64_t after_;
  std::function<void(const std::string&)> warn_;
};

}  // namespace dga
