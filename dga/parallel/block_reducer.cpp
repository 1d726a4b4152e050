// SPDX-License-Identifier: Apache-2.0

#include "dga/parallel/block_reducer.h"

#include <utility>
#include <vector>

#include "dga/base/error.h"
#include "dga/comm/pending.h"
#include "dga/parallel/step_agreement.h"

namespace dga {
namespace {

/// Buckets under reduction at once.
constexpr std::size_t kBucketsUnderWay = 32;

}  // namespace

BlockReducer::BlockReducer(const Communicator& carriers, const ParameterLayout& layout,
                           const SharedBuffer& parameters, bool check_finite, int accumulator,
                           StepRecorder& recorder)
    : GradientReducer(carriers, layout, check_finite, accumulator),
      parameters_(parameters),
      recorder_(recorder),
      memory_(carriers.allocate(layout.bytes())),
      sums_(layout, carriers.rank()),
      sums_memory_(carriers.allocate(sums_.bytes())) {
  sums_.place_at(sums_memory_.data());
  rows_.emplace(layout, carriers.rank(), gradients());
}

void BlockReducer::end_turn(const StepContribution& turn) {
  recorder_.enter(StepPhase::reduce);
  if (check_finite_ && turn.samples > 0) {
    for (int bucket = 0; bucket < static_cast<int>(layout_.buckets().size()); ++bucket) {
      finite_check_.look_at(gradients(), bucket, turn.loss_scale);
    }
  }
  const std::int64_t total = expected_samples_.value_or(0);
  sums_.add(gradients(), total == 0 ? 0
                                    : static_cast<double>(turn.unit_samples) /
                                          static_cast<double>(total) / turn.loss_scale);
  recorder_.enter(StepPhase::compute);
}

StepTotals BlockReducer::reduce(const StepContribution& step) {
  recorder_.enter(StepPhase::wait);
  AgreedStep agreed = agree_on_step(workers_, step,
                                    {.non_finite = finite_check_.found().has_value(),
                                     .may_overflow = finite_check_.may_overflow()},
                                    label_);
  recorder_.enter(StepPhase::reduce);
  if (agreed.totals.reduced()) {
    reduce_buckets();
    if (agreed.may_overflow) {  // the same on every carrier
      std::int64_t bad =
          first_non_finite(layout_, workers_.rank(), gradients()).has_value() ? 1 : 0;
      workers_.all_reduce({&bad, 1}, ReduceOp::max, "sums that are not finite");
      agreed.totals.finite = bad == 0;
    }
  }
  return std::move(agreed.totals);
}

void BlockReducer::reduce_buckets() {
  std::vector<Pending> started;
  for (int number = 0; number < static_cast<int>(layout_.buckets().size()); ++number) {
    if (started.size() >= kBucketsUnderWay) {
      started[started.size() - kBucketsUnderWay].wait();
    }
    const Bucket& bucket = layout_.buckets()[static_cast<std::size_t>(number)];
    const Slice mine = layout_.slice(number, workers_.rank());
    const BufferView whole{gradients() + bucket.first_byte, bucket.count, bucket.type};
    started.push_back(workers_.start_reduce_scatter_partials(
        sums_.of(number), whole.slice(mine.first, mine.count), layout_.blocks(),
        layout_.counts(number), label_));
  }
  for (Pending& pending : started) {
    pending.wait();
  }
}

void BlockReducer::share_parameters() {
  recorder_.enter(StepPhase::wait);
  if (workers_.placement().num_nodes() == 1) {
    workers_.barrier("parameters");
  } else {
    for (int number = 0; number < static_cast<int>(layout_.buckets().size()); ++number) {
      const Bucket& bucket = layout_.buckets()[static_cast<std::size_t>(number)];
      workers_.share({parameters_.data() + bucket.first_byte, bucket.count, bucket.type},
                     layout_.counts(number), "parameters");
    }
  }
  recorder_.enter(StepPhase::reduce);
  discard();
}

void BlockReducer::discard() {
  // The collectives of `reduce` have ended on every carrier before any could come here.
  sums_.restart();
  finite_check_.reset();
}

}  // namespace dga
