// SPDX-License-Identifier: Apache-2.0
//
// Metric: a number that a program computes from a model's output, beside loss and error. Includes
// no torch header.

#pragma once

#include <functional>
#include <string>

namespace at {
class Tensor;
}

namespace dga {

/// The mean over one batch, which holds at most 512 samples of one worker. `output` is (B,
/// outputs); `target` is (B) i64 class numbers, or (B, 1) f32. Output and target of a regression
/// are in the units of the data. Gradients are not recorded.
using MetricFunction = std::function<double(const at::Tensor& output, const at::Tensor& target)>;

struct Metric {
  std::string name;
  MetricFunction function;
};

}  // namespace dga
