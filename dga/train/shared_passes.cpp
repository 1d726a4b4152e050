// SPDX-License-Identifier: Apache-2.0

#include "dga/train/shared_passes.h"

#include <exception>
#include <optional>
#include <utility>

#include "dga/launch/launch.h"
#include "dga/launch/rank_agreement.h"

namespace dga {

std::shared_ptr<const LoadedData> load_in_turn(const LoadOptions& options,
                                               const LaunchOptions& launching,
                                               const LoadFunction& load) {
  if (resolve_engine(launching.engine) != Engine::mpi || !options.samples.stream) {
    return load(options);
  }
  std::shared_ptr<const LoadedData> data;
  if (!options.index.empty()) {
    first_rank_first(launching, [&] {
      LoadOptions own = options;
      own.threads = 0;  // the other ranks wait
      data = load(own);
    });
  }
  try {
    if (data == nullptr) {
      data = load(options);
    }
  } catch (...) {
    fail_together(launching, std::current_exception());
  }
  agree(launching);
  return data;
}

TrainPlan prepare_in_turn(const TaskPlan& tasks, const LaunchOptions& launching) {
  std::optional<TrainPlan> plan;
  if (resolve_engine(launching.engine) == Engine::mpi && tasks.index != nullptr) {
    first_rank_first(launching, [&] { plan = prepare(tasks); });
  }
  return plan ? std::move(*plan) : prepare(tasks);
}

}  // namespace dga
