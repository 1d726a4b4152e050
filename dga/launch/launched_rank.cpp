// SPDX-License-Identifier: Apache-2.0

#include "dga/launch/launched_rank.h"

#include <cstdlib>

namespace dga {

std::optional<int> launched_rank() noexcept {
  // Set by Open MPI; by MPICH, Intel MPI and srun --mpi=pmi2; and by PMIx, in this order.
  for (const char* variable : {"OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK"}) {
    if (const char* text = std::getenv(variable)) {
      return static_cast<int>(std::strtol(text, nullptr, 10));
    }
  }
  return std::nullopt;
}

}  // namespace dga
