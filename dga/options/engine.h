// SPDX-License-Identifier: Apache-2.0
//
// Engine: how the workers of a run are started.

#pragma once

#include <string_view>

#include "dga/base/named_values.h"

namespace dga {

/// docs/engines.md says which engine suits which work.
enum class Engine {
  automatic,  ///< mpi when the program was started by mpirun or srun, else threads
  threads,
  processes,
  mpi,
};

inline constexpr NamedValues<Engine, 4> kEngineNames{{{"auto", Engine::automatic},
                                                      {"threads", Engine::threads},
                                                      {"processes", Engine::processes},
                                                      {"mpi", Engine::mpi}}};

constexpr std::string_view name_of(Engine engine) noexcept {
  return name_in(kEngineNames, engine);
}
/// The engine called `name`; throws InvalidArgument if there is none.
inline Engine engine_from(std::string_view name) {
  return required_value_in(kEngineNames, name, "[options] engine");
}

}  // namespace dga
