// SPDX-License-Identifier: Apache-2.0
//
// dga: everything a program needs, in one include.

#pragma once

// Problem API: from data to a trained model.
#include "dga/data/arrays.h"
#include "dga/predict/predictor.h"
#include "dga/predict/saved_model.h"
#include "dga/problem/problem.h"
#include "dga/train/train_run.h"

// Worker API: a LibTorch training loop on many workers.
#include "dga/base/error.h"
#include "dga/base/random.h"
#include "dga/data/load.h"
#include "dga/data/shards.h"
#include "dga/launch/launch.h"
#include "dga/launch/launch_arguments.h"
#include "dga/models/model_factory.h"
#include "dga/parallel/autocast_scope.h"
#include "dga/parallel/batches.h"
#include "dga/parallel/gradient_accumulator.h"
#include "dga/parallel/keyed_random_scope.h"
#include "dga/parallel/lamb.h"
#include "dga/parallel/muon.h"
#include "dga/parallel/seeded_module.h"
#include "dga/parallel/torch_dataset.h"
#include "dga/predict/evaluation.h"
#include "dga/predict/weights.h"
#include "dga/train/checkpointer.h"
