// SPDX-License-Identifier: Apache-2.0
//
// Optimizers: what the options of a run mean to its accumulator.

#pragma once

#include <cstdint>

#include "dga/parallel/gradient_accumulator.h"
#include "dga/parallel/optimizer_factory.h"
#include "dga/train/plan.h"

namespace dga {

OptimizerFactory optimizer_of(const RunOptions& options);

AccumulatorOptions accumulator_options_of(const TrainPlan& plan);

/// The learning rate of step `step`, counted from 0.
double learning_rate_of(const TrainPlan& plan, std::int64_t step);

}  // namespace dga
