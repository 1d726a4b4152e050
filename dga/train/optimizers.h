// SPDX-License-Identifier: Apache-2.0
//
// Optimizers: optimiser, schedule and accumulator options from the options of a run.

#pragma once

#include <cstdint>

#include "dga/parallel/gradient_accumulator.h"
#include "dga/parallel/optimizer_factory.h"
#include "dga/train/plan.h"

namespace dga {

/// A factory for the optimiser that the plan's options name, with their learning rate, momentum and
/// weight decay. Muon updates the matrices of the model, but not the output
/// layer of a reference network with hidden layers; AdamW updates the rest. In a custom model Muon
/// updates all matrices. Both optimisers use the same learning rate and weight decay.
OptimizerFactory optimizer_of(const TrainPlan& plan, bool custom_model);

/// Micro-steps, clipping, moving average and learning-rate schedule of `plan`. `lead`: see
/// schedule_lead.
AccumulatorOptions accumulator_options_of(const TrainPlan& plan, std::int64_t lead);

/// The learning rate of step `step`, counted from 0.
double learning_rate_of(const TrainPlan& plan, std::int64_t step, std::int64_t lead);

}  // namespace dga
