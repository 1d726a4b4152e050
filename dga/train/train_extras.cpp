// SPDX-License-Identifier: Apache-2.0

#include "dga/train/train_extras.h"

#include <array>
#include <set>
#include <string_view>

#include "dga/base/error.h"

namespace dga {

void check_extras(const TrainExtras& extras, const RunOptions& options) {
  DGA_CHECK(
      options.workers.engine != Engine::processes || extras.worker_program.empty() ||
          (!extras.loss && extras.metrics.empty() && !extras.model),
      "[train] engine: expected no loss, metric or model functions on engine processes with a "
      "worker program, found some. Use engine threads or mpi.");
  DGA_CHECK(!extras.loss || options.training.class_weights == ClassWeights::none,
            "[train] class_weights: expected none with a custom loss function, found balanced. "
            "Weight the classes in the function.");
  constexpr std::array<std::string_view, 6> kReserved{"epoch",     "loss",       "train_error",
                                                      "val_error", "test_error", "seconds"};
  std::set<std::string_view> names;
  for (const Metric& metric : extras.metrics) {
    DGA_CHECK(!metric.name.empty(),
              "[train] metrics: expected a name for every metric, found an empty one.");
    DGA_CHECK(metric.function != nullptr, "[train] metrics: expected a function for metric '",
              metric.name, "', found none.");
    for (const std::string_view word : kReserved) {
      DGA_CHECK(metric.name != word, "[train] metrics: expected a name that is not reserved, ",
                "found '", metric.name, "'. Choose another name.");
    }
    DGA_CHECK(names.insert(metric.name).second, "[train] metrics: expected unique names, found '",
              metric.name, "' twice. Rename one of them.");
  }
}

}  // namespace dga
