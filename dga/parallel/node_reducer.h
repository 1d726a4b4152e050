// SPDX-License-Identifier: Apache-2.0

#pragma once

#include "dga/parallel/gradient_reducer.h"

namespace dga {

/// All workers on one node. Each writes its gradients, and a header that says what they weigh, into
/// memory that the others see. One barrier later everybody adds up his slice of them; the optimiser
/// then writes into the one parameter copy, and a second barrier makes that known.
class NodeReducer final : public GradientReducer {
 public:
  NodeReducer(const Communicator& workers, const ParameterLayout& layout, StepRecorder& recorder);

  std::byte* gradients() const noexcept override;
  const SharedBuffer& memory() const noexcept override { return memory_; }
  void last_backward(const StepContribution&) override {}
  void bucket_ready(int) override {}
  bool bucket_started(int) const noexcept override { return false; }
  StepTotals reduce(const StepContribution& step) override;
  void share_parameters() override;

 private:
  struct Header;

  Header& header(int worker) const;
  std::byte* used(int worker) const;
  std::byte* gradients(int worker) const;

  const ParameterLayout& layout_;
  StepRecorder& recorder_;
  std::int64_t used_bytes_;
  SharedBuffer memory_;
};

}  // namespace dga
