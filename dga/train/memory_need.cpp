// SPDX-License-Identifier: Apache-2.0

#include "dga/train/memory_need.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "dga/base/dtype.h"
#include "dga/base/error.h"
#include "dga/data/dataset.h"
#include "dga/parallel/partial_sums.h"

namespace dga {
namespace {

constexpr double kFloat = sizeof(float);

struct LayerSizes {
  std::int64_t all = 0;       // parameters
  std::int64_t matrices = 0;  // of them, in hidden matrices, which Muon updates
  std::int64_t largest = 0;   // of the largest matrix
  std::int64_t outputs = 0;   // of all layers, for one sample
};

LayerSizes layer_sizes(const TrainPlan& plan) {
  LayerSizes sizes;
  std::int64_t inputs = plan.train->num_features();
  std::vector<std::int64_t> layers = plan.card.hidden;
  layers.push_back(plan.card.outputs);
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const std::int64_t matrix = inputs * layers[i];
    sizes.all += matrix + layers[i];
    sizes.matrices += i + 1 < layers.size() ? matrix : 0;
    sizes.largest = std::max(sizes.largest, matrix);
    sizes.outputs += layers[i];
    inputs = layers[i];
  }
  return sizes;
}

/// Numbers that the optimiser and the moving average keep, on all workers together.
double state_of(const TrainPlan& plan, const LayerSizes& sizes) {
  const TrainingOptions& options = plan.options.training;
  const auto all = static_cast<double>(sizes.all);
  const double average = options.ema > 0 ? 2 * all : 0;  // and the parameters while it is in use
  switch (options.optimizer) {
    case OptimizerKind::sgd:
      return average + (options.momentum > 0 ? all : 0);
    case OptimizerKind::muon:
      return average + 2 * all - static_cast<double>(sizes.matrices);
    case OptimizerKind::adam:
    case OptimizerKind::adamw:
      break;
  }
  return average + 2 * all;
}

/// Numbers that a step of the optimiser holds for a moment, on all workers together: Adam's
/// denominator, while it is computed from the root of the second moment.
double scratch_of(const TrainPlan& plan, const LayerSizes& sizes) {
  switch (plan.options.training.optimizer) {
    case OptimizerKind::sgd:
      return 0;
    case OptimizerKind::muon:
      return 2 * static_cast<double>(sizes.all - sizes.matrices);
    case OptimizerKind::adam:
    case OptimizerKind::adamw:
      break;
  }
  return 2 * static_cast<double>(sizes.all);
}

/// The bytes of a dataset that is copied for workers that are another program.
double bytes_of(const Dataset* data) {
  const auto features = data == nullptr ? ConstBufferView() : data->features_in_memory();
  return features.data == nullptr
             ? 0
             : static_cast<double>(features.bytes()) +
                   static_cast<double>(data->size() * size_of(data->label_type()));
}

}  // namespace

MemoryNeed memory_need(const TrainPlan& plan, const TrainExtras& extras, int carriers_on_node) {
  const LayerSizes sizes = layer_sizes(plan);
  const auto parameters = static_cast<double>(sizes.all);
  const double here = carriers_on_node;
  const WorkerBlocks blocks = plan.blocks();
  const double share = 1.0 / blocks.carriers();
  const double state = state_of(plan, sizes);
  const double kept = plan.options.training.epochs > 1 ? parameters : 0;  // at an epoch's end
  const bool coalesces = plan.options.training.coalesce;
  // The samples that a carrier computes at a time.
  const double batch = static_cast<double>(plan.options.training.batch) *
                       (coalesces ? blocks.of(0).count : 1) *
                       static_cast<double>(plan.train->num_features() + 2 * sizes.outputs);
  // In backward a layer's gradient exists twice: as autograd made it, and in the flat buffer.
  const double scratch =
      std::max(static_cast<double>(sizes.largest), scratch_of(plan, sizes) * share);
  // A checkpoint is written from a copy.
  const double copy = plan.options.output.checkpoint_every.is_never() ? 0 : parameters + state;
  const double own = scratch + batch + (state + copy) * share;
  // Parameters, and the gradients of each carrier, with partial sums if it has several workers.
  const int sums = coalesces ? 0 : PartialSums::most_slots(blocks);
  const double segments = parameters * (1 + here * (1 + sums));
  MemoryNeed need{.parameters = sizes.all, .node = kFloat * (segments + kept + here * own)};
  need.process =
      plan.options.workers.engine == Engine::threads ? need.node : kFloat * (segments + kept + own);
  if (!extras.worker_program.empty() && extras.data != nullptr) {
    const double copies = bytes_of(extras.data->train.get()) + bytes_of(extras.data->test.get());
    need.node += copies;
    need.process += copies;
  }
  return need;
}

std::string memory_problem(const TrainPlan& plan, const TrainExtras& extras, int carriers_on_node,
                           const AvailableMemory& available) {
  if (extras.model) {
    return {};
  }
  const MemoryNeed need = memory_need(plan, extras, carriers_on_node);
  const int here = plan.options.workers.count * carriers_on_node / plan.blocks().carriers();
  const auto text = [&](double bytes, std::int64_t room, std::string_view where) {
    return str("[train] memory: expected room for ", memory_text(bytes), " (", need.parameters,
               " parameters with gradients and optimiser state, ", here,
               here == 1 ? " worker" : " workers", " on this machine), found ",
               memory_text(static_cast<double>(room)), ' ', where,
               ". Choose a smaller --hidden or fewer --workers.");
  };
  if (need.node > static_cast<double>(available.machine)) {
    return text(need.node, available.machine,
                available.limited_by_cgroup ? "left in this container or job" : "available");
  }
  if (available.address_space && need.process > static_cast<double>(*available.address_space)) {
    return text(need.process, *available.address_space, "left under the limit of ulimit -v");
  }
  return {};
}

}  // namespace dga
