// SPDX-License-Identifier: Apache-2.0

#include "dga/launch/launched_rank.h"

#include <cstdlib>
#include <initializer_list>

namespace dga {
namespace {

std::optional<int> first_number(std::initializer_list<const char*> variables) noexcept {
  for (const char* variable : variables) {
    if (const char* text = std::getenv(variable)) {
      return static_cast<int>(std::strtol(text, nullptr, 10));
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<int> launched_rank() noexcept {
  // Set by Open MPI; by MPICH, Intel MPI and srun --mpi=pmi2; and by PMIx, in this order.
  return first_number({"OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK"});
}

int launched_ranks() noexcept {
  // PMIx has no variable for it; srun, which starts ranks through PMIx, has.
  return launched_rank()
             ? first_number({"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS"})
                   .value_or(0)
             : 0;
}

bool has_other_ranks() noexcept {
  return launched_rank() && launched_ranks() != 1;
}

}  // namespace dga
