// SPDX-License-Identifier: Apache-2.0
//
// GradientReducer: each worker reduces its slice of the gradients and shares the parameters that it
// updated. Two implementations give the same bits. NodeReducer, for workers of one node, reads the
// gradients of the others in place; a step has two barriers. BucketReducer, for several nodes,
// reduces each bucket as soon as backward has finished it.

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

/// What one worker contributes to a step.
struct StepContribution {
  /// Divisor of this worker's gradients: the sum of its per-sample gradients has been divided by
  /// it. 0 without samples.
  std::int64_t unit_samples = 0;
  /// The number of samples that it has processed in this step.
  std::int64_t samples = 0;
  /// For each parameter: 1 if backward reached it. The gradients of the others are zero.
  std::vector<std::uint8_t> used;
  bool all_used = false;
};

/// What all workers know after the reduction.
struct StepTotals {
  std::int64_t samples = 0;
  /// For each parameter: 1 if backward reached it on any worker. Empty if all are 1.
  std::vector<std::uint8_t> used;
};

class GradientReducer {
 public:
  virtual ~GradientReducer() = default;

  /// This worker's flat gradient buffer of ParameterLayout::bytes bytes. Only this worker writes to
  /// it. Between `reduce` and the next step, the slices that the worker owns hold reduced
  /// gradients.
  virtual std::byte* gradients() const noexcept = 0;
  /// Keeps the gradient buffer alive.
  virtual const SharedBuffer& memory() const noexcept = 0;

  /// Call it before the last backward of a step; `step.unit_samples` and `step.samples` are final.
  /// May start a collective; never blocks. Call it before `bucket_ready`, or call neither.
  virtual void last_backward(const StepContribution& step) = 0;
  /// Call it when backward has finished all gradients of `bucket`. Buckets may become ready in any
  /// order. May start the reduction; never blocks.
  virtual void bucket_ready(int bucket) = 0;
  /// Whether the reduction of `bucket` has started: its gradients must not change any more.
  virtual bool bucket_started(int bucket) const noexcept = 0;
  /// Blocks until this worker's slice of each bucket holds the gradient of the mean loss over all
  /// samples: the sum, in the fixed tree, of (unit_samples / total samples) * gradients, with each
  /// product rounded to the partial type. When it returns, backward has ended on every worker.
  /// Collective. Throws InvalidArgument if `expect_samples` was called with another total.
  virtual StepTotals reduce(const StepContribution& step) = 0;
  /// Call it after this worker has updated its slices of the parameters. Blocks until the slices of
  /// all workers can be read and the gradients may be overwritten. Collective.
  virtual void share_parameters() = 0;

  /// Finds where a non-finite element of a reduced slice of this worker came from. Returns the
  /// first other worker whose own gradient there is not finite. If there is none, returns this
  /// worker if all workers are on one node, else -1.
  int contributor_of_non_finite(std::int64_t first_byte, DType type) const;

  /// Sets the number of samples of all workers in this step, if the caller knows it beforehand.
  /// Valid until the step ends.
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
