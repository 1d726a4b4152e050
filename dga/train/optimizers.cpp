// SPDX-License-Identifier: Apache-2.0

#include "dga/train/optimizers.h"

#include <torch/optim/adam.h>
#include <torch/optim/adamw.h>
#include <torch/optim/sgd.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "dga/base/error.h"
#include "dga/parallel/muon.h"

namespace dga {
namespace {

LearningRateSchedule schedule_of_kind(ScheduleKind kind, std::int64_t num_steps) {
  switch (kind) {
    case ScheduleKind::step:
      return step_decay(std::max<std::int64_t>(1, (num_steps + 2) / 3), 0.1);
    case ScheduleKind::cosine:
      return cosine_decay(num_steps);
    case ScheduleKind::warmup_cosine: {
      const std::int64_t warmup = num_steps / 20;
      return linear_warmup(warmup, cosine_decay(num_steps - warmup));
    }
    case ScheduleKind::constant:
      break;
  }
  return {};
}

LearningRateSchedule schedule_of(const TrainPlan& plan, std::int64_t lead) {
  const LearningRateSchedule schedule =
      schedule_of_kind(plan.options.training.schedule, plan.num_steps());
  if (!schedule || lead == 0) {
    return schedule;
  }
  return [schedule, lead](std::int64_t step) { return schedule(step + lead); };
}

}  // namespace

OptimizerFactory optimizer_of(const TrainPlan& plan, bool custom_model) {
  const TrainingOptions& options = plan.options.training;
  const auto adamw = optimizer_factory<torch::optim::AdamW>(
      torch::optim::AdamWOptions(options.lr).weight_decay(options.weight_decay));
  switch (options.optimizer) {
    case OptimizerKind::sgd:
      return optimizer_factory<torch::optim::SGD>(torch::optim::SGDOptions(options.lr)
                                                      .momentum(options.momentum)
                                                      .weight_decay(options.weight_decay));
    case OptimizerKind::adamw:
      return adamw;
    case OptimizerKind::muon: {
      std::vector<std::string> except;
      if (!custom_model && !plan.card.hidden.empty()) {
        except.push_back(str("layers.", plan.card.hidden.size()));
      }
      // The adjustment makes AdamW's learning rates fit. Matrices of a few hundred rows are faster
      // in f32 than in bf16 on CPUs.
      return muon_factory(MuonOptions(options.lr)
                              .momentum(options.momentum)
                              .weight_decay(options.weight_decay)
                              .adjust_lr(MuonAdjust::match_rms_adamw)
                              .precision(MuonPrecision::f32),
                          adamw, std::move(except));
    }
    case OptimizerKind::adam:
      break;
  }
  return optimizer_factory<torch::optim::Adam>(
      torch::optim::AdamOptions(options.lr).weight_decay(options.weight_decay));
}

AccumulatorOptions accumulator_options_of(const TrainPlan& plan, std::int64_t lead) {
  AccumulatorOptions options;
  options.micro_steps = static_cast<int>(plan.options.training.micro_steps);
  options.coalesce = plan.options.training.coalesce;
  options.clip_norm = plan.options.training.clip_norm;
  options.on_nonfinite = plan.options.training.on_nonfinite;
  options.ema_decay = plan.options.training.ema;
  options.learning_rate = schedule_of(plan, lead);
  return options;
}

double learning_rate_of(const TrainPlan& plan, std::int64_t step, std::int64_t lead) {
  const LearningRateSchedule schedule = schedule_of(plan, lead);
  return plan.options.training.lr * (schedule ? schedule(step) : 1);
}

}  // namespace dga
