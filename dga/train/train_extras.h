// SPDX-License-Identifier: Apache-2.0
//
// TrainExtras: the parts of a run that options cannot express, such as functions. Includes no torch
// header.

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

/// Returns a scalar: the mean loss over the batch, as a function of `output`, (B, outputs).
/// `target` is (B) i64 class numbers, or for regression (B, 1) f32, normalised: (y - mean) / scale.
using LossFunction = std::function<at::Tensor(const at::Tensor& output, const at::Tensor& target)>;

/// Every worker calls these functions. Workers that are threads call them at the same time, so the
/// functions must not write to shared data. Workers that are processes call copies. Under MPI every
/// rank must pass the same.
struct TrainExtras {
  void* mpi_comm = nullptr;                     // see LaunchOptions
  bool each_rank_alone = false;                 // see LaunchOptions
  std::string worker_program = {};              // see LaunchOptions; needs `data`, and no functions
  std::shared_ptr<const LoadedData> data = {};  // the data of the plan
  LossFunction loss = {};                       // none: cross entropy, or the mean squared error
  std::vector<Metric> metrics = {};             // measured after each epoch, see EpochResult
  ModelFactory model = {};  // none: the network of the options. load_model needs it too
};

/// Throws InvalidArgument if
/// - the engine is `processes`, and there is a worker program together with a loss, metric or model
///   function,
/// - a metric has no function,
/// - the name of a metric is empty, used twice, or one of epoch, loss, train_error, val_error,
///   test_error and seconds,
/// - there are class weights together with a loss function.
void check_extras(const TrainExtras& extras, const RunOptions& options);

}  // namespace dga
