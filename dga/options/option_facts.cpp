// SPDX-License-Identifier: Apache-2.0

#include "dga/options/option_facts.h"

#include "dga/options/option_table.h"

namespace dga {
std::vector<Fact> option_facts(const RunOptions& options, int ranks) {
  RunOptions resolved = options;
  resolved.workers.engine = Engine::mpi;
  resolved.training.lr = resolve_lr(options);
  if (options.workers.count == 0) {
    resolved.workers.count = ranks;
  }
  if (options.data.task == Task::automatic) {
    resolved.data.task = Task::classification;
  }
  std::vector<Fact> facts;
  for (const Option& row : option_table()) {
    if (!row.is_path() && row.scope != Option::Scope::program) {
      facts.push_back(
          {row.name, row.text_of(row.get(resolved)), "Start all ranks with the same options."});
    }
  }
  return facts;
}

}  // namespace dga
