// SPDX-License-Identifier: Apache-2.0

#include "dga/parallel/bucket_reducer.h"

#include <array>

#include "dga/comm/collectives/fixed_tree.h"

namespace dga {
namespace {

/// Buckets under reduction at once; further ones wait, so that backward never does.
constexpr std::size_t kUnderWay = 32;

}  // namespace

BucketReducer::BucketReducer(const Communicator& workers, const ParameterLayout& layout,
                             const SharedBuffer& parameters, StepRecorder& recorder)
    // A group of its own, so that collectives of the user between backward and step do not mix with
    // these.
    : GradientReducer(workers.split(0, workers.rank())),
      layout_(layout),
      parameters_(parameters),
      recorder_(recorder),
      memory_(workers.allocate(layout.bytes())),
      ready_(layout.buckets().size(), false) {}

void BucketReducer::last_backward(const StepContribution& step) {
  begun_ = true;
  unit_samples_ = step.unit_samples;
  if (expected_samples_) {
    total_samples_ = *expected_samples_;
    return;
  }
  total_samples_ = step.samples;
  total_ = workers_.start_all_reduce({&total_samples_, 1}, ReduceOp::sum, "samples");
}

bool BucketReducer::total_known() {
  return expected_samples_.has_value() || total_.test();
}

void BucketReducer::bucket_ready(int bucket) {
  ready_[static_cast<std::size_t>(bucket)] = true;
  workers_.progress();
  start_ready_buckets();
}

void BucketReducer::start_ready_buckets() {
  while (next_ < static_cast<int>(ready_.size()) && ready_[static_cast<std::size_t>(next_)] &&
         total_known()) {
    if (started_.size() >= kUnderWay && !started_[started_.size() - kUnderWay].test()) {
      return;
    }
    start_bucket();
  }
}

void BucketReducer::start_bucket() {
  const int number = next_++;
  const Bucket& bucket = layout_.buckets()[static_cast<std::size_t>(number)];
  const BufferView gradients{memory_.data() + bucket.first_byte, bucket.count, bucket.type};
  const Slice mine = layout_.slice(number, workers_.rank());
  const double weight = total_samples_ == 0 ? 0
                                            : static_cast<double>(unit_samples_) /
                                                  static_cast<double>(total_samples_);
  // In place: no other worker reads this slice of this worker's buffer.
  started_.push_back(
      workers_.start_reduce_scatter(gradients, gradients.slice(mine.first, mine.count),
                                    ReduceOp::sum, layout_.counts(number), weight, "gradients"));
}

StepTotals BucketReducer::reduce(const StepContribution& step) {
  recorder_.enter(StepPhase::wait);
  if (!begun_) {
    last_backward(step);
  }
  total_.wait();
  while (next_ < static_cast<int>(ready_.size())) {
    if (started_.size() >= kUnderWay) {
      started_[started_.size() - kUnderWay].wait();
    }
    start_bucket();
  }
  // It also shows that backward, which may read parameters until it ends, is over on every worker.
  std::array<std::int64_t, 2> sums{step.samples, step.all_used ? 1 : 0};
  workers_.all_reduce({sums.data(), sums.size()}, ReduceOp::sum, "end of backward");
  for (Pending& pending : started_) {
    pending.wait();
  }
  StepTotals totals{.samples = sums[0], .used = {}};
  if (sums[1] == 0) {
    totals.used = step.used;
    workers_.all_reduce({totals.used.data(), static_cast<std::int64_t>(totals.used.size())},
                        ReduceOp::max, "used parameters");
  }
  recorder_.enter(StepPhase::reduce);
  check_expected(totals.samples);
  return totals;
}

void BucketReducer::share_parameters() {
  recorder_.enter(StepPhase::wait);
  for (int number = 0; number < next_; ++number) {
    const Bucket& bucket = layout_.buckets()[static_cast<std::size_t>(number)];
    workers_.share({parameters_.data() + bucket.first_byte, bucket.count, bucket.type},
                   layout_.counts(number), "parameters");
  }
  recorder_.enter(StepPhase::reduce);
  begun_ = false;
  total_ = Pending();
  started_.clear();
  ready_.assign(ready_.size(), false);
  next_ = 0;
}

}  // namespace dga
