// SPDX-License-Identifier: Apache-2.0

#include "dga/launch/launch_options.h"

#include "dga/base/error.h"

namespace dga {

std::string_view name_of(Engine engine) noexcept {
  switch (engine) {
    case Engine::threads:
      return "threads";
    case Engine::processes:
      return "processes";
    case Engine::mpi:
      return "mpi";
    case Engine::automatic:
      break;
  }
  return "auto";
}

Engine engine_from(std::string_view name) {
  for (const Engine engine : {Engine::automatic, Engine::threads, Engine::processes, Engine::mpi}) {
    if (name == name_of(engine)) {
      return engine;
    }
  }
  throw InvalidArgument(
      str("[launch] engine: expected auto, threads, processes or mpi, found '", name, "'."));
}

}  // namespace dga
