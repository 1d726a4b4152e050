// SPDX-License-Identifier: Apache-2.0

#include "dga/train/final_results.h"

#include <torch/nn/module.h>
#include <torch/version.h>  // macros only

#include <cmath>
#include <cstddef>
#include <numeric>
#include <optional>
#include <string>

#include "dga/base/build_info.h"
#include "dga/base/clock.h"
#include "dga/base/error.h"
#include "dga/base/log.h"
#include "dga/base/machine_info.h"
#include "dga/base/step_recorder.h"
#include "dga/data/shards.h"
#include "dga/options/engine.h"
#include "dga/predict/weights.h"
#include "dga/report/report.h"
#include "dga/storage/run_folder.h"

namespace dga {

RunResults results_of_workers(const Environment& environment, const TrainPlan& plan,
                              const WorkerNumbers& all, double error_unit) {
  const WorkerBlocks& blocks = environment.blocks();
  RunResults results{.engine = std::string(name_of(environment.engine())),
                     .workers = blocks.workers(),
                     .carriers = blocks.carriers(),
                     .coalesced = plan.options.training.coalesce,
                     .seed = plan.options.training.seed,
                     .order = std::string(name_in(kShardKindNames, plan.options.data.shard)),
                     .window = plan.options.data.samples.shuffle_window,
                     .train_samples = plan.train->size(),
                     .test_samples = plan.test_samples(),
                     .validation_samples = plan.validation_samples()};
  double total_seconds = 0;
  for (std::size_t i = 0; i < all.seconds.size(); ++i) {
    const PhaseSeconds& own = all.seconds[i];
    const auto in = [&](StepPhase phase) { return own[static_cast<std::size_t>(phase)]; };
    results.compute_seconds.push_back(in(StepPhase::compute));
    results.reduce_seconds.push_back(in(StepPhase::reduce));
    results.wait_seconds.push_back(in(StepPhase::wait));
    results.data_seconds.push_back(in(StepPhase::data));
    const double seconds = std::accumulate(own.begin(), own.end(), 0.0);
    total_seconds += seconds;
    results.time.values.emplace_back(seconds);
    // NaN: the saved epoch was before the number of workers has changed.
    results.error.values.push_back(all.shares[i] > 0 && !std::isnan(all.errors[i])
                                       ? std::optional(all.errors[i] / all.shares[i] * error_unit)
                                       : std::nullopt);
  }
  results.time.mean = total_seconds / blocks.workers();
  if (environment.is_root()) {
    const MachineInfo machine = machine_info();
    results.machine = {.host = machine.host,
                       .processor = machine.processor,
                       .cores = machine.cores,
                       .memory_bytes = machine.memory_bytes,
                       .torch = TORCH_VERSION,
                       .dga = version()};
  }
  return results;
}

void write_final_results(ResultWriter& writer, const torch::nn::Module& module,
                         const ModelCard& card, double started, RunResults& results) {
  writer.attempt([&] {
    save_weights(writer.model_file(), module);
    writer.write(kModelCardFile, to_json(card));
    results.wall_seconds = now_seconds() - started;
    // When it is there, the files before it are complete.
    writer.write(kResultsFile, to_json(results));
    writer.write_manifest();
  });
  if (writer.error().empty()) {
    // The page repeats the other files, so a failure to write it does not fail the run. It can be
    // made again at any time, so the manifest does not list it.
    try {
      write_report(writer.folder());
    } catch (const StorageError& error) {
      log_warning(error.what());
    }
  }
}

}  // namespace dga
