// SPDX-License-Identifier: Apache-2.0
//
// TrainExtras: functions and objects of the program that a training run takes beside its options.
// Includes no torch header.

#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "dga/data/load.h"
#include "dga/models/model_factory.h"
#include "dga/options/run_options.h"
#include "dga/predict/metric.h"

namespace at {
class Tensor;
}

namespace dga {

/// A scalar that is the mean over the batch and depends on `output`, (B, outputs). `target` is (B)
/// i64 class numbers, or (B, 1) f32 for regression, normalised: (y - mean) / scale.
using LossFunction = std::function<at::Tensor(const at::Tensor& output, const at::Tensor& target)>;

/// Every worker calls these functions. Worker threads call them at the same time, so they must not
/// write to shared data. Worker processes call copies. Under MPI every rank must pass the same.
struct TrainExtras {
  void* mpi_comm = nullptr;         // see LaunchOptions
  std::string worker_program = {};  // see LaunchOptions; needs `data`, and none of the functions
  std::shared_ptr<const LoadedData> data = {};  // the data of the plan
  LossFunction loss = {};                       // none: cross entropy, or the mean squared error
  std::vector<Metric> metrics = {};             // reported after each epoch, see EpochResult
  ModelFactory model = {};  // none: the network of the options. load_model needs it too
};

/// Throws InvalidArgument for functions where worker processes run another program; for a metric
/// without a function, or with a name that is empty, used twice or reserved by epochs; and for
/// class weights beside a loss function.
void check_extras(const TrainExtras& extras, const RunOptions& options);

}  // namespace dga
