// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace dga {

/// What an accumulator needs, besides the module's parameters and buffers, to go on where another
/// one stopped; see GradientAccumulator::state. Any number of workers can load it.
struct AccumulatorState {
  /// The optimisers' state of each parameter, under the names that torch gives it:
  /// "fc1.weight/exp_avg" in the shape of the parameter, "fc1.weight/step" without dimensions.
  std::map<std::string, at::Tensor> optimizer;
  /// The moving average of each parameter, in its shape; empty if none is kept.
  std::map<std::string, at::Tensor> average;
  /// By parameter group: those of the element-wise optimiser, then those of the atomic one.
  std::vector<double> learning_rates;
  std::int64_t num_steps = 0;
  std::int64_t num_skipped = 0;
  /// Of the random streams, which are keyed by seed, worker and step.
  std::uint64_t seed = 0;
  /// Of the GradScaler; 1 and 0 without one.
  double loss_scale = 1;
  std::int64_t growth_steps = 0;
  /// Each worker's values of the module's buffers, (workers, …), and the number of samples of each
  /// worker since they were synchronised. Empty if all workers have the same, or there are none.
  std::map<std::string, at::Tensor> buffers;
  std::vector<std::int64_t> buffer_samples;
};

}  // namespace dga
