// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace dga {

/// Looks out for parameters that never get a gradient, and warns about them once.
class UnusedWatch {
 public:
  /// Warns after `after` steps through `warn`, or on standard error where it is empty.
  UnusedWatch(std::size_t num_parameters, std::int64_t after,
              std::function<void(const std::string&)> warn);

  /// A step was taken. `used`: by parameter, whether any worker had a gradient; empty where all
  /// had. `name` is asked only where there is something to say.
  void step_taken(std::span<const std::uint8_t> used,
                  const std::function<std::string(std::size_t)>& name);

 private:
  std::vector<std::uint8_t> ever_used_;
  std::int64_t steps_left_;
  std::int64_t after_;
  std::function<void(const std::string&)> warn_;
};

}  // namespace dga
