// SPDX-License-Identifier: Apache-2.0
//
// GradientReducer: adds up the workers' gradients, each worker its slice, and shares the parameters
// that come of it. Two implementations, the same bits: where all workers live on one node they read
// each other's gradients where they lie, and a step has two waits; between nodes every bucket is
// reduced by itself, as soon as backward has finished it.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "dga/base/step_recorder.h"
#include "dga/comm/communicator.h"
#include "dga/comm/shared_buffer.h"
#include "dga/mesh/parameter_layout.h"

namespace dga {

/// What one worker knows of a step when its gradients are complete.
struct StepContribution {
  /// Its gradients are the sum over its samples divided by this many; 0 where it had no sample.
  std::int64_t unit_samples = 0;
  /// Samples it has seen in this step.
  std::int64_t samples = 0;
  /// By parameter: 1 where backward reached it. Elements of the others are zero.
  std::vector<std::uint8_t> used;
  bool all_used = false;
};

/// What all workers know afterwards.
struct StepTotals {
  std::int64_t samples = 0;
  /// By parameter: 1 where any worker's backward reached it; empty where all are 1.
  std::vector<std::uint8_t> used;
};

class GradientReducer {
 public:
  virtual ~GradientReducer() = default;

  /// This worker's flat gradient buffer (ParameterLayout::bytes), which only it writes. Its own
  /// slices of it hold the reduced gradients between `reduce` and the next step.
  virtual std::byte* gradients() const noexcept = 0;
  /// Keeps the gradient buffer alive.
  virtual const SharedBuffer& memory() const noexcept = 0;

  /// The last backward of this step begins; afterwards the worker has `step.unit_samples` and
  /// `step.samples` final. May start a collective; never blocks. Call it before `bucket_ready`, or
  /// leave both out.
  virtual void last_backward(const StepContribution& step) = 0;
  /// Backward has finished all gradients of `bucket`, in any order of buckets. May start its
  /// reduction; never blocks.
  virtual void bucket_ready(int bucket) = 0;
  /// Whether the gradients of `bucket` are being read already.
  virtual bool bucket_started(int bucket) const noexcept = 0;
  /// Blocks until this worker's slice of every bucket is the gradient of the mean loss over all
  /// samples: the fixed tree's sum of (unit_samples / total samples) * gradients, each product
  /// rounded to the partial type. Every worker's backward has ended when this returns.
  /// Collective. Throws InvalidArgument where `expected_samples` was given and is not the total.
  virtual StepTotals reduce(const StepContribution& step) = 0;
  /// Every worker has written its slices of the parameters; blocks until all can be read, and the
  /// gradients may be overwritten. Collective.
  virtual void share_parameters() = 0;

  /// After `reduce` found a bad element of a slice of this worker's: the first worker whose own
  /// gradient there is not finite, this one itself if it was no neighbour on the only node, else
  /// -1.
  int contributor_of_non_finite(std::int64_t first_byte, DType type) const;

  /// The samples of all workers in this step, where the caller knows them beforehand. Holds until
  /// the step ends.
  void expect_samples(std::optional<std::int64_t> total) noexcept { expected_samples_ = total; }

 protected:
  explicit GradientReducer(Communicator workers) : workers_(std::move(workers)) {}
  void check_expected(std::int64_t found) const;

  Communicator workers_;
  std::optional<std::int64_t> expected_samples_;
};

/// Collective over `workers`. `parameters`: the node's copy of the flat parameter buffer. `layout`
/// and `recorder` must outlive the reducer.
std::unique_ptr<GradientReducer> make_gradient_reducer(const Communicator& workers,
                                                       const ParameterLayout& layout,
                                                       const SharedBuffer& parameters,
                                                       StepRecorder& recorder);

}  // namespace dga
