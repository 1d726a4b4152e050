// SPDX-License-Identifier: Apache-2.0

#include "dga/parallel/bucket_reducer.h"

#include "dga/base/error.h"
#include "dga/comm/collectives/fixed_tree.h"
#include "dga/parallel/step_agreement.h"

namespace dga {
namespace {

/// Buckets under reduction at once; further ones wait, so that backward never does.
constexpr std::size_t kUnderWay = 32;

}  // namespace

BucketReducer::BucketReducer(const Communicator& workers, const ParameterLayout& layout,
                             const SharedBuffer& parameters, bool check_finite, int accumulator,
                             StepRecorder& recorder)
    // A group of its own, so that collectives of the user between backward and step do not mix with
    // these.
    : GradientReducer(workers.split(0, workers.rank()), layout, check_finite, accumulator),
      parameters_(parameters),
      recorder_(recorder),
      end_label_(str("end of backward of accumulator ", accumulator)),
      memory_(workers.allocate(layout.bytes())),
      ready_(layout.buckets().size(), false) {
  rows_.emplace(layout, workers.rank(), memory_.data());
}

void BucketReducer::last_backward(const StepContribution& step) {
  begun_ = true;
  unit_samples_ = step.unit_samples;
  loss_scale_ = step.loss_scale;
  finite_check_.reset();
  if (expected_samples_) {
    total_samples_ = *expected_samples_;
    return;
  }
  total_samples_ = step.samples;
  total_ = workers_.start_all_reduce({&total_samples_, 1}, ReduceOp::sum, label_);
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
                                                  static_cast<double>(total_samples_) / loss_scale_;
  if (check_finite_ && unit_samples_ > 0) {
    look_at(number, loss_scale_);
  }
  if (bucket.by_rows) {
    return;  // reduced when all rows are known
  }
  // In place: no other worker reads this slice of this worker's buffer.
  started_.push_back(
      workers_.start_reduce_scatter(gradients, gradients.slice(mine.first, mine.count),
                                    ReduceOp::sum, layout_.counts(number), weight, label_));
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
  for (Pending& pending : started_) {
    pending.wait();
  }
  rows_->reduce(workers_, {unit_samples_, total_samples_, loss_scale_});
  const bool non_finite =
      check_finite_ &&
      (finite_check_.found() || first_non_finite(layout_, workers_.rank(), memory_.data()));
  // It also shows that backward, which may read parameters until it ends, is over on every worker.
  const AgreedStep agreed = agree_on_step(workers_, step, {.non_finite = non_finite}, end_label_);
  recorder_.enter(StepPhase::reduce);
  return agreed.totals;
}

void BucketReducer::share_parameters() {
  recorder_.enter(StepPhase::wait);
  for (int number = 0; number < next_; ++number) {
    const Bucket& bucket = layout_.buckets()[static_cast<std::size_t>(number)];
    workers_.share({parameters_.data() + bucket.first_byte, bucket.count, bucket.type},
                   layout_.counts(number), "parameters");
  }
  recorder_.enter(StepPhase::reduce);
  discard();
}

void BucketReducer::discard() {
  begun_ = false;
  total_ = Pending();
  started_.clear();
  rows_->clear();
  ready_.assign(ready_.size(), false);
  next_ = 0;
}

}  // namespace dga
