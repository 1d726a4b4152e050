// SPDX-License-Identifier: Apache-2.0

#include "dga/train/epoch_evaluator.h"

#include <array>
#include <memory>
#include <numeric>
#include <span>
#include <string_view>

#include "dga/data/shards.h"
#include "dga/models/model.h"
#include "dga/predict/evaluation.h"

namespace dga {
namespace {

/// The numbers of this worker's samples, out of `samples` to evaluate.
std::vector<std::int64_t> share_of(std::int64_t samples, const Environment& environment) {
  const auto [first, last] = contiguous_share(samples, environment.workers(), environment.rank());
  std::vector<std::int64_t> share(static_cast<std::size_t>(last - first));
  std::iota(share.begin(), share.end(), first);
  return share;
}

}  // namespace

EpochEvaluator::EpochEvaluator(Environment& environment, const TrainPlan& plan,
                               const TrainExtras& extras, const ModelCard& card)
    : environment_(environment),
      plan_(plan),
      extras_(extras),
      card_(card),
      shard_(plan.shards.at(static_cast<std::size_t>(environment.rank()))),
      validation_share_(share_of(plan.validation_samples(), environment)),
      test_share_(share_of(plan.test_samples(), environment)) {}

EpochResult EpochEvaluator::measure(const Model& model, std::int64_t epoch, double loss_sum,
                                    double loss_unit) {
  model.module->eval();
  struct Set {
    const std::shared_ptr<const Dataset>& samples;
    const std::vector<std::int64_t>& share;
    std::string_view name;
    ErrorSums sums = {};
    std::int64_t size() const { return samples == nullptr ? 0 : samples->size(); }
  };
  std::array sets{Set{plan_.train, shard_, "training"},
                  Set{plan_.validation, validation_share_, "validation"},
                  Set{plan_.test, test_share_, "held-out"}};
  auto& [trained, validated, tested] = sets;
  const Set& measured = tested.size() > 0 ? tested : validated.size() > 0 ? validated : trained;
  const std::span<const Metric> metrics(extras_.metrics);
  // Sample counts are exact in f64. Sums of squares follow the fixed tree.
  std::vector<double> sums{loss_sum};
  for (Set& set : sets) {
    if (set.size() > 0) {
      set.sums = sum_of_errors(model, card_, *set.samples, set.share,
                               &set == &measured ? metrics : metrics.first(0), set.name);
    }
    sums.push_back(set.sums.errors);
  }
  test_errors_ = tested.sums.errors;
  sums.insert(sums.end(), measured.sums.metrics.begin(), measured.sums.metrics.end());
  environment_.world().all_reduce({sums.data(), static_cast<std::int64_t>(sums.size())},
                                  ReduceOp::sum, "epoch errors");
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
