// SPDX-License-Identifier: Apache-2.0

#include "dga/train/epoch_evaluator.h"

#include <array>
#include <memory>
#include <numeric>
#include <span>
#include <string_view>
#include <utility>

#include "dga/base/random.h"
#include "dga/comm/sum_over_workers.h"
#include "dga/data/shards.h"
#include "dga/models/model.h"
#include "dga/parallel/keyed_random_scope.h"
#include "dga/predict/evaluation.h"

namespace dga {
namespace {

/// The numbers of the samples of `worker`, out of `samples` to evaluate.
std::vector<std::int64_t> share_of(std::int64_t samples, int workers, int worker) {
  const auto [first, last] = contiguous_share(samples, workers, worker);
  std::vector<std::int64_t> share(static_cast<std::size_t>(last - first));
  std::iota(share.begin(), share.end(), first);
  return share;
}

}  // namespace

EpochEvaluator::EpochEvaluator(Environment& environment, const TrainPlan& plan,
                               const TrainExtras& extras, const ModelCard& card)
    : environment_(environment), plan_(plan), extras_(extras), card_(card) {
  const WorkerBlock block = environment.block();
  const int workers = environment.blocks().workers();
  for (int worker = block.first; worker < block.end(); ++worker) {
    workers_.push_back({plan.shards.at(static_cast<std::size_t>(worker)),
                        share_of(plan.validation_samples(), workers, worker),
                        share_of(plan.test_samples(), workers, worker)});
  }
}

std::vector<std::int64_t> EpochEvaluator::test_samples() const {
  std::vector<std::int64_t> sizes;
  for (const Shares& worker : workers_) {
    sizes.push_back(std::ssize(worker.test));
  }
  return sizes;
}

EpochResult EpochEvaluator::measure(const Model& model, std::int64_t epoch,
                                    std::span<const double> loss_sums, double loss_unit) {
  model.module->eval();
  struct Set {
    const std::shared_ptr<const Dataset>& samples;
    std::string_view name;
    std::int64_t size() const { return samples == nullptr ? 0 : samples->size(); }
  };
  const std::array sets{Set{plan_.train, "training"}, Set{plan_.validation, "validation"},
                        Set{plan_.test, "held-out"}};
  const auto& [trained, validated, tested] = sets;
  const Set& measured = tested.size() > 0 ? tested : validated.size() > 0 ? validated : trained;
  const std::span<const Metric> metrics(extras_.metrics);
  // Sample counts are exact in f64. Sums of squares follow the fixed tree.
  std::vector<double> sums;
  test_errors_.clear();
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    const Shares& worker = workers_[i];
    const KeyedRandomScope random(stream_key(
        environment_.seed(), "evaluate", environment_.block().first + static_cast<int>(i), epoch));
    const std::array shares{&worker.training, &worker.validation, &worker.test};
    sums.push_back(loss_sums[i]);
    std::vector<double> metric_sums;
    double errors = 0;
    for (std::size_t at = 0; at < sets.size(); ++at) {
      const Set& set = sets[at];
      ErrorSums found;
      if (set.size() > 0) {
        found = sum_of_errors(model, card_, *set.samples, *shares[at],
                              &set == &measured ? metrics : metrics.first(0), set.name);
      }
      if (&set == &measured) {
        metric_sums = found.metrics;
      }
      errors = found.errors;
      sums.push_back(errors);
    }
    test_errors_.push_back(errors);  // of the last set
    sums.insert(sums.end(), metric_sums.begin(), metric_sums.end());
  }
  sums = sum_over_workers(environment_.world(), environment_.blocks(), std::move(sums),
                          "epoch errors");
  const auto mean = [&](std::size_t i, const Set& set) {
    return sums[i] / static_cast<double>(set.size());
  };
  EpochResult result{.epoch = epoch + 1,
                     .loss = mean(0, trained) * loss_unit,
                     .train_error = mean(1, trained) * error_unit()};
  if (validated.size() > 0) {
    result.val_error = mean(2, validated) * error_unit();
  }
  if (tested.size() > 0) {
    result.test_error = mean(3, tested) * error_unit();
  }
  for (std::size_t i = 0; i < metrics.size(); ++i) {
    result.metrics[metrics[i].name] = mean(4 + i, measured);
  }
  return result;
}

}  // namespace dga
