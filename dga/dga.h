// SPDX-License-Identifier: Apache-2.0
//
// dga: everything a program needs, in one include.

#pragma once

// Problem API: from data to a trained model.
#include "dga/predict/saved_model.h"
#include "dga/problem/problem.h"
#include "dga/train/train_run.h"

// Worker API: a training loop of one's own, on many workers.
#include "dga/base/error.h"
#include "dga/data/batches/prefetcher.h"
#include "dga/data/batches/sampler.h"
#include "dga/data/load.h"
#include "dga/data/shards.h"
#include "dga/launch/launch.h"
#include "dga/models/model.h"
#include "dga/parallel/gradient_accumulator.h"
