// SPDX-License-Identifier: Apache-2.0

#pragma once

#include "dga/parallel/gradient_reducer.h"
#include "dga/parallel/partial_sums.h"

namespace dga {

/// For carriers of several workers, who take turns. Each worker's gradients are added to a few
/// partial sums when its turn ends; the carriers then add up these.
class BlockReducer final : public GradientReducer {
 public:
  BlockReducer(const Communicator& carriers, const ParameterLayout& layout,
               const SharedBuffer& parameters, bool check_finite, int accumulator,
               StepRecorder& recorder);

  std::byte* gradients() const noexcept override { return memory_.data(); }
  const SharedBuffer& memory() const noexcept override { return memory_; }
  void last_backward(const StepContribution&) override {}
  void bucket_ready(int) override {}
  bool begun() const noexcept override { return false; }
  bool bucket_started(int) const noexcept override { return false; }
  void end_turn(const StepContribution& turn) override;
  StepTotals reduce(const StepContribution& step) override;
  void share_parameters() override;
  void discard() override;

 private:
  void reduce_buckets();

  SharedBuffer parameters_;
  StepRecorder& recorder_;
  SharedBuffer memory_;  // the gradients of the worker whose turn it is; later the reduced slices
  PartialSums sums_;
  SharedBuffer sums_memory_;
};

}  // namespace dga
