// SPDX-License-Identifier: Apache-2.0

#include "dga/train/optimizers.h"

#include <torch/optim/adam.h>
#include <torch/optim/adamw.h>
#include <torch/optim/sgd.h>

#include <algorithm>

namespace dga {
namespace {

LearningRateSchedule schedule_of(ScheduleKind kind, std::int64_t num_steps) {
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

}  // namespace

OptimizerFactory optimizer_of(const RunOptions& options) {
  switch (options.training.optimizer) {
    case OptimizerKind::sgd:
      return optimizer_factory<torch::optim::SGD>(torch::optim::SGDOptions(options.training.lr)
                                                      .momentum(options.training.momentum)
                                                      .weight_decay(options.training.weight_decay));
    case OptimizerKind::adamw:
      return optimizer_factory<torch::optim::AdamW>(
          torch::optim::AdamWOptions(options.training.lr)
              .weight_decay(options.training.weight_decay));
    case OptimizerKind::adam:
      break;
  }
  return optimizer_factory<torch::optim::Adam>(
      torch::optim::AdamOptions(options.training.lr).weight_decay(options.training.weight_decay));
}

AccumulatorOptions accumulator_options_of(const TrainPlan& plan) {
  AccumulatorOptions options;
  options.micro_steps = static_cast<int>(plan.options.training.micro_steps);
  options.clip_norm = plan.options.training.clip_norm;
  options.ema_decay = plan.options.training.ema;
  options.learning_rate = schedule_of(plan.options.training.schedule, plan.num_steps());
  return options;
}

double learning_rate_of(const TrainPlan& plan, std::int64_t step) {
  const LearningRateSchedule schedule =
      schedule_of(plan.options.training.schedule, plan.num_steps());
  return plan.options.training.lr * (schedule ? schedule(step) : 1);
}

}  // namespace dga
