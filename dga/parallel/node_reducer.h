// SPDX-License-Identifier: Apache-2.0

#pragma once

#include "dga/parallel/gradient_reducer.h"

namespace dga {

/// For workers of one node. Each worker writes its gradients, and a header with its sample count,
/// to memory that the others can read. After a barrier, each worker reduces its slice. The
/// optimiser then updates the node's one copy of the parameters, and a second barrier makes the
/// update visible to all.
class NodeReducer final : public GradientReducer {
 public:
  NodeReducer(const Communicator& workers, const ParameterLayout& layout, bool check_finite,
              int accumulator, StepRecorder& recorder);

  std::byte* gradients() const noexcept override;
  const SharedBuffer& memory() const noexcept override { return memory_; }
  void last_backward(const StepContribution&) override {}
  void bucket_ready(int) override {}
  bool begun() const noexcept override { return false; }
  bool bucket_started(int) const noexcept override { return false; }
  StepTotals reduce(const StepContribution& step) override;
  void share_parameters() override;
  void discard() override;

 private:
  struct Header;

  Header& header(int worker) const;
  StepTotals totals_of_headers() const;
  std::vector<std::uint8_t> used_by_any() const;
  void reduce_slices(StepTotals& totals);
  std::byte* used(int worker) const;
  std::byte* gradients(int worker) const;

  StepRecorder& recorder_;
  std::int64_t used_bytes_;
  SharedBuffer memory_;
};

}  // namespace dga
