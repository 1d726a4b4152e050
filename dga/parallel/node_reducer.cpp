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
  double loss_scale;
  std::uint64_t settings;
  bool all_used;
  bool loaded;
  bool refused;
  bool finished;
  bool scale_lowered;
  bool non_finite;
  bool may_overflow;
};

NodeReducer::NodeReducer(const Communicator& workers, const ParameterLayout& layout,
                         bool check_finite, int accumulator, StepRecorder& recorder)
    : GradientReducer(workers, layout, check_finite, accumulator),
      recorder_(recorder),
      used_bytes_((static_cast<std::int64_t>(layout.parameters().size()) + kLine - 1) / kLine *
                  kLine),
      memory_(workers.allocate(kLine + used_bytes_ + layout.bytes())) {
  static_assert(sizeof(Header) <= kLine);
  rows_.emplace(layout, workers.rank(), gradients());
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
  finite_check_.reset();
  if (check_finite_ && step.samples > 0) {
    for (int bucket = 0; bucket < static_cast<int>(layout_.buckets().size()); ++bucket) {
      look_at(bucket, step.loss_scale);
    }
  }
  header(workers_.rank()) = {.unit_samples = step.unit_samples,
                             .samples = step.samples,
                             .loss_scale = step.loss_scale,
                             .settings = step.settings,
                             .all_used = step.all_used,
                             .loaded = step.loaded,
                             .refused = step.refused,
                             .finished = step.finished,
                             .scale_lowered = step.scale_lowered,
                             .non_finite = finite_check_.found().has_value(),
                             .may_overflow = finite_check_.may_overflow()};
  std::memcpy(used(workers_.rank()), step.used.data(), step.used.size());
  recorder_.enter(StepPhase::wait);
  workers_.barrier(label_);
  recorder_.enter(StepPhase::reduce);

  StepTotals totals = totals_of_headers();
  if (totals.reduced()) {
    rows_->reduce(workers_, {step.unit_samples, totals.samples, step.loss_scale});
    reduce_slices(totals);
  }
  return totals;
}

StepTotals NodeReducer::totals_of_headers() const {
  StepTotals totals;
  totals.finished = true;
  bool all_used = false;
  for (int worker = 0; worker < workers_.size(); ++worker) {
    const Header& theirs = header(worker);
    totals.samples += theirs.samples;
    totals.loaded = totals.loaded || theirs.loaded;
    totals.refused = totals.refused || theirs.refused;
    totals.finished = totals.finished && theirs.finished;
    totals.scale_lowered = totals.scale_lowered || theirs.scale_lowered;
    totals.finite = totals.finite && !theirs.non_finite;
    totals.same_settings = totals.same_settings && theirs.settings == header(0).settings;
    all_used = all_used || theirs.all_used;
  }
  if (!all_used) {
    totals.used = used_by_any();
  }
  return totals;
}

std::vector<std::uint8_t> NodeReducer::used_by_any() const {
  std::vector<std::uint8_t> any(layout_.parameters().size(), 0);
  for (int worker = 0; worker < workers_.size(); ++worker) {
    const std::byte* theirs = used(worker);
    for (std::size_t i = 0; i < any.size(); ++i) {
      any[i] |= static_cast<std::uint8_t>(theirs[i]);
    }
  }
  return any;
}

void NodeReducer::reduce_slices(StepTotals& totals) {
  std::vector<ReduceSource> sources;
  bool may_overflow = false;
  for (const TreeNode& leaf : tree_leaves(workers_.size())) {
    const Header& theirs = header(leaf.first);
    may_overflow = may_overflow || theirs.may_overflow;
    sources.push_back({.node = leaf,
                       .weight = static_cast<double>(theirs.unit_samples) /
                                 static_cast<double>(totals.samples) / theirs.loss_scale});
  }
  for (int number = 0; number < static_cast<int>(layout_.buckets().size()); ++number) {
    const Bucket& bucket = layout_.buckets()[static_cast<std::size_t>(number)];
    if (bucket.by_rows) {
      continue;
    }
    const Slice mine = layout_.slice(number, workers_.rank());
    const std::int64_t at = bucket.first_byte + mine.first * size_of(bucket.type);
    for (ReduceSource& source : sources) {
      source.data = gradients(source.node.first) + at;
    }
    // No other worker reads this slice of this worker's buffer, so the sum may replace it.
    const std::array<void*, 1> out{gradients() + at};
    tree_reduce(sources, out, mine.count, bucket.type, ReduceOp::sum, false);
  }
  if (may_overflow) {  // the same on every worker
    std::int64_t bad = first_non_finite(layout_, workers_.rank(), gradients()).has_value() ? 1 : 0;
    workers_.all_reduce({&bad, 1}, ReduceOp::max, "sums that are not finite");
    totals.finite = bad == 0;
  }
}

void NodeReducer::share_parameters() {
  recorder_.enter(StepPhase::wait);
  workers_.barrier("parameters");
  recorder_.enter(StepPhase::reduce);
  rows_->clear();
}

void NodeReducer::discard() {
  workers_.barrier("discarded step");
  rows_->clear();
}

}  // namespace dga
