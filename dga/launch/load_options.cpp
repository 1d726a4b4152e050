// SPDX-License-Identifier: Apache-2.0

#include "dga/launch/load_options.h"

namespace dga {

LoadOptions load_options_of(const RunOptions& options, Engine engine) {
  // All ranks of a node read at once, so each uses one core.
  return {.data = options.data.path,
          .test_data = options.data.test_path,
          .validation_data = options.data.val_path,
          .task = options.data.task,
          .table = options.data.table,
          .samples = options.data.samples,
          .threads = engine == Engine::mpi ? 1 : 0,
          .index = resolve_stream_index(options)};
}

}  // namespace dga
