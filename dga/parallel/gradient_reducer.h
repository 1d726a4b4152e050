// SPDX-License-Identifier: Apache-2.0
//
// GradientReducer: each worker reduces its slice of the gradients and shares the parameters that it
// updated. Three implementations give the same bits. NodeReducer, for workers of one node, reads
// the gradients of the others in place; a step has two barriers. BucketReducer, for several nodes,
// reduces each bucket as soon as backward has finished it. BlockReducer is for carriers of several
// workers each.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dga/base/step_recorder.h"
#include "dga/comm/communicator.h"
#include "dga/comm/shared_buffer.h"
#include "dga/mesh/parameter_layout.h"
#include "dga/parallel/finite_check.h"
#include "dga/parallel/row_gradients.h"

namespace dga {

/// What one worker contributes to a step.
struct StepContribution {
  /// Divisor of this worker's gradients: the sum of its per-sample gradients has been divided by
  /// it. 0 without samples.
  std::int64_t unit_samples = 0;
  /// The number of samples that it has processed in this step.
  std::int64_t samples = 0;
  /// Factor of this worker's gradients besides.
  double loss_scale = 1;
  /// Whether that is less than its scaler's factor, for the sake of another accumulator.
  bool scale_lowered = false;
  /// For each parameter: 1 if backward reached it. The gradients of the others are zero.
  std::vector<std::uint8_t> used;
  bool all_used = false;
  /// Whether values were loaded into its module, which the node's copy does not have.
  bool loaded = false;
  /// Whether it refuses the step.
  bool refused = false;
  /// Whether it has no more batches and only takes part.
  bool finished = false;
  /// A digest of what must be the same on every worker. Only the low 40 bits count.
  std::uint64_t settings = 0;
};

/// What all workers know after the reduction.
struct StepTotals {
  std::int64_t samples = 0;
  /// For each parameter: 1 if backward reached it on any worker. Empty if all are 1.
  std::vector<std::uint8_t> used;
  /// Whether any worker has loaded values.
  bool loaded = false;
  /// Whether any worker refuses the step.
  bool refused = false;
  /// Whether all workers are finished.
  bool finished = false;
  /// Whether all workers have the same settings.
  bool same_settings = true;
  /// Whether any worker has lowered its loss scale.
  bool scale_lowered = false;
  /// Whether all gradients and their sums are finite; true without a check.
  bool finite = true;

  /// Whether the slices hold reduced gradients.
  bool reduced() const noexcept { return samples > 0 && !refused && same_settings && finite; }
};

class GradientReducer {
 public:
  virtual ~GradientReducer() = default;

  /// This worker's flat gradient buffer of ParameterLayout::bytes bytes. Only this worker writes to
  /// it. Between `reduce` and the next step, the slices that the worker owns hold reduced
  /// gradients.
  virtual std::byte* gradients() const noexcept = 0;
  /// The parts of that buffer with few rows.
  RowGradients& rows() noexcept { return *rows_; }
  /// Keeps the gradient buffer alive.
  virtual const SharedBuffer& memory() const noexcept = 0;

  /// Call it before the last backward of a step; `step.unit_samples` and `step.samples` are final.
  /// May start a collective; never blocks. Call it before `bucket_ready`, or call neither.
  virtual void last_backward(const StepContribution& step) = 0;
  /// Call it when backward has finished all gradients of `bucket`. Buckets may become ready in any
  /// order. May start the reduction; never blocks.
  virtual void bucket_ready(int bucket) = 0;
  /// Whether this step's reduction has begun: what `last_backward` was told cannot change any more.
  virtual bool begun() const noexcept = 0;
  /// Whether the reduction of `bucket` has started: its gradients must not change any more.
  virtual bool bucket_started(int bucket) const noexcept = 0;
  /// Only for carriers of several workers: adds up the gradients in the buffer, those of the next
  /// worker of the block, with its part of the samples that expect_samples has announced. Does not
  /// wait.
  virtual void end_turn(const StepContribution& turn) { static_cast<void>(turn); }
  /// Blocks until all workers have come here. When it returns, backward has ended on every worker.
  /// If the totals are `reduced`, this worker's slice of each bucket holds the gradient of the mean
  /// loss over all samples: the sum, in the fixed tree, of (unit_samples / total samples /
  /// loss_scale) * gradients, with each product rounded to the partial type. Otherwise the slices
  /// hold nothing of use. Collective.
  virtual StepTotals reduce(const StepContribution& step) = 0;
  /// Ends the step after this worker has updated its slices of the parameters. Blocks until the
  /// slices of all workers can be read and the gradients may be overwritten. Collective.
  virtual void share_parameters() = 0;
  /// Ends the step where no worker has changed a parameter. Blocks until the gradients may be
  /// overwritten. Collective.
  virtual void discard() = 0;

  /// What is not finite in this worker's own gradients of this step.
  const std::optional<FiniteCheck::NonFinite>& own_non_finite() const noexcept {
    return finite_check_.found();
  }

  /// Sets the number of samples of all workers in this step, if the caller knows it beforehand; the
  /// same on all workers. Valid until the step ends.
  void expect_samples(std::optional<std::int64_t> total) noexcept { expected_samples_ = total; }
  const std::optional<std::int64_t>& expected_samples() const noexcept { return expected_samples_; }

 protected:
  GradientReducer(Communicator workers, const ParameterLayout& layout, bool check_finite,
                  int accumulator);

  /// Shows this worker's own gradients of a bucket to the check.
  void look_at(int bucket, double loss_scale);

  Communicator workers_;
  const ParameterLayout& layout_;
  /// Of the operation that begins a step. It tells the accumulators apart, so that workers which
  /// step them in different orders are told.
  std::string label_;
  bool check_finite_;
  FiniteCheck finite_check_;
  std::optional<RowGradients> rows_;  // set by the constructor of the implementation
  std::optional<std::int64_t> expected_samples_;
};

/// Collective over `workers`. `parameters`: the node's copy of the flat parameter buffer.
/// `check_finite`: whether to look for gradients that are not finite. `accumulator`: its number,
/// the same on all workers. `layout` and `recorder` must outlive the reducer.
std::unique_ptr<GradientReducer> make_gradient_reducer(const Communicator& workers,
                                                       const ParameterLayout& layout,
                                                       const SharedBuffer& parameters,
                                                       bool check_finite, int accumulator,
                                                       StepRecorder& recorder);

}  // namespace dga
