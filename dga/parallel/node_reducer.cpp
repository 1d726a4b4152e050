// SPDX-License-Identifier: Apache-2.0

#include "dga/parallel/node_reducer.h"

#include <array>
#include <cstring>

#include "dga/comm/collectives/tree_reduce.h"

namespace dga {
namespace {

constexpr std::int64_t kLine = ParameterLayout::kLineBytes;

}  // namespace

/// Written before the first barrier of a step, read between the first and the second.
struct NodeReducer::Header {
  std::int64_t unit_samples;
  std::int64_t samples;
  std::int64_t all_used;
};

NodeReducer::NodeReducer(const Communicator& workers, const ParameterLayout& layout,
                         StepRecorder& recorder)
    : GradientReducer(workers),
      layout_(layout),
      recorder_(recorder),
      used_bytes_((static_cast<std::int64_t>(layout.parameters().size()) + kLine - 1) / kLine *
                  kLine),
      memory_(workers.allocate(kLine + used_bytes_ + layout.bytes())) {
  static_assert(sizeof(Header) <= kLine);
}

NodeReducer::Header& NodeReducer::header(int worker) const {
  return *reinterpret_cast<Header*>(memory_.neighbour(worker));
}

std::byte* NodeReducer::used(int worker) const {
  return memory_.neighbour(worker) + kLine;
}

std::byte* NodeReducer::gradients(int worker) const {
  return used(worker) + used_bytes_;
}

std::byte* NodeReducer::gradients() const noexcept {
  return memory_.data() + kLine + used_bytes_;
}

StepTotals NodeReducer::reduce(const StepContribution& step) {
  recorder_.enter(StepPhase::wait);
  header(workers_.rank()) = {step.unit_samples, step.samples, step.all_used ? 1 : 0};
  std::memcpy(used(workers_.rank()), step.used.data(), step.used.size());
  workers_.barrier("gradients");
  recorder_.enter(StepPhase::reduce);

  StepTotals totals;
  bool all_used = false;
  for (int worker = 0; worker < workers_.size(); ++worker) {
    totals.samples += header(worker).samples;
    all_used = all_used || header(worker).all_used != 0;
  }
  check_expected(totals.samples);
  if (!all_used) {
    totals.used.assign(step.used.size(), 0);
    for (int worker = 0; worker < workers_.size(); ++worker) {
      const std::byte* theirs = used(worker);
      for (std::size_t i = 0; i < totals.used.size(); ++i) {
        totals.used[i] |= static_cast<std::uint8_t>(theirs[i]);
      }
    }
  }
  if (totals.samples == 0) {
    return totals;
  }

  std::vector<ReduceSource> sources;
  for (const TreeNode& leaf : tree_leaves(workers_.size())) {
    sources.push_back({.node = leaf,
                       .weight = static_cast<double>(header(leaf.first).unit_samples) /
                                 static_cast<double>(totals.samples)});
  }
  for (int number = 0; number < static_cast<int>(layout_.buckets().size()); ++number) {
    const Bucket& bucket = layout_.buckets()[static_cast<std::size_t>(number)];
    const Slice mine = layout_.slice(number, workers_.rank());
    const std::int64_t at = bucket.first_byte + mine.first * size_of(bucket.type);
    for (ReduceSource& source : sources) {
      source.data = gradients(source.node.first) + at;
    }
    // No other worker reads this slice of this worker's buffer, so the sum may replace it.
    const std::array<void*, 1> out{gradients() + at};
    tree_reduce(sources, out, mine.count, bucket.type, ReduceOp::sum, false);
  }
  return totals;
}

void NodeReducer::share_parameters() {
  recorder_.enter(StepPhase::wait);
  workers_.barrier("parameters");
  recorder_.enter(StepPhase::reduce);
}

}  // namespace dga
