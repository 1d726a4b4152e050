// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>

#include "dga/comm/pending.h"
#include "dga/parallel/gradient_reducer.h"

namespace dga {

/// For workers on several nodes. Buckets are reduced in the order of the layout on every worker,
/// whatever order backward finishes them in: each starts as soon as it and all earlier ones are
/// ready and the total number of samples is known. A final small all-reduce completes only when
/// backward has ended on every worker.
class BucketReducer final : public GradientReducer {
 public:
  BucketReducer(const Communicator& workers, const ParameterLayout& layout,
                const SharedBuffer& parameters, bool check_finite, int accumulator,
                StepRecorder& recorder);

  std::byte* gradients() const noexcept override { return memory_.data(); }
  const SharedBuffer& memory() const noexcept override { return memory_; }
  void last_backward(const StepContribution& step) override;
  void bucket_ready(int bucket) override;
  bool begun() const noexcept override { return begun_; }
  bool bucket_started(int bucket) const noexcept override { return bucket < next_; }
  StepTotals reduce(const StepContribution& step) override;
  void share_parameters() override;
  void discard() override;

 private:
  bool total_known();
  void start_ready_buckets();
  void start_bucket();

  SharedBuffer parameters_;
  StepRecorder& recorder_;
  std::string end_label_;
  SharedBuffer memory_;

  // State of the current step.
  bool begun_ = false;
  std::int64_t unit_samples_ = 0;
  double loss_scale_ = 1;
  std::int64_t total_samples_ = 0;
  Pending total_;
  std::vector<bool> ready_;
  int next_ = 0;  // the next bucket to start
  std::vector<Pending> started_;
};

}  // namespace dga
