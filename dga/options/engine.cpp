// SPDX-License-Identifier: Apache-2.0

#include "dga/options/engine.h"

#include "dga/base/error.h"

namespace dga {

Engine engine_from(std::string_view name) {
  if (const auto engine = value_in(kEngineNames, name)) {
    return *engine;
  }
  throw InvalidArgument(
      str("[options] engine: expected auto, threads, processes or mpi, found '", name, "'."));
}

}  // namespace dga
