// SPDX-License-Identifier: Apache-2.0
//
// TrainExtras: what a program can hand to a training run that no option can say. Free of torch.

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

/// Every worker calls these functions, and where workers are threads several call them at once:
/// they must not write to anything they share. Workers that are processes call copies. Under MPI
/// every rank must pass the same.
struct TrainExtras {
  void* mpi_comm = nullptr;         // see LaunchOptions
  std::string worker_program = {};  // see LaunchOptions; needs `data`, and none of the functions
  std::shared_ptr<const LoadedData> data = {};  // what the plan was made of
  LossFunction loss = {};                       // none: cross entropy, or the mean squared error
  std::vector<Metric> metrics = {};             // reported after each epoch, see EpochResult
  ModelFactory model = {};  // none: the options' network. load_model then needs it too
};

/// Throws InvalidArgument for functions where worker processes are another program; for metrics
/// without a function, or with a name that is empty, comes twice or is that of another number of an
/// epoch; and for class weights with a loss of one's own.
void check_extras(const TrainExtras& extras, const RunOptions& options);

}  // namespace dga
