// SPDX-License-Identifier: Apache-2.0

#include "dga/options/run_options.h"

#include "dga/base/error.h"
#include "dga/data/image_size.h"
#include "dga/data/stream/blocks.h"
#include "dga/options/option_table.h"
#include "dga/storage/store_path.h"

namespace dga {

void check_bounds(const RunOptions& options) {
  for (const Option& row : option_table()) {
    const OptionValue value = row.get(options);
    if (value != row.zero() && !row.accepts(value)) {
      row.reject("[options] " + row.name, row.text_of(value));
    }
  }
}

void check_stream_order(const RunOptions& options) {
  DGA_CHECK(!options.data.samples.stream || options.data.shard == ShardKind::contiguous,
            "[options] shard: expected contiguous with --stream, so that each worker reads its own "
            "part of the files, found ",
            name_in(kShardKindNames, options.data.shard), ". Add --shard contiguous.");
}

void check_options(const RunOptions& options) {
  check_bounds(options);
  DGA_CHECK(!options.data.path.empty(),
            "[options] data: expected a folder or file with samples, found none. Give --data DIR.");
  image_size_from(options.data.samples.resize);  // throws
  DGA_CHECK(
      options.data.task != Task::regression || options.training.class_weights == ClassWeights::none,
      "[options] class-weights: expected none for regression, which has no classes, found "
      "balanced. Leave it out.");
  check_stream_order(options);
  DGA_CHECK(
      options.output.resume != "auto" || !options.output.folder.empty(),
      "[options] resume: expected --output DIR beside auto, found none. Give the folder of the "
      "run that goes on.");
  constexpr const char* kMissing[] = {"pipeline", "tensor", "space"};
  DGA_CHECK(options.workers.levels == 1, "[options] levels: expected 1 (data parallelism), found ",
            options.workers.levels, ": ", kMissing[options.workers.levels - 2],
            " parallelism is not there yet. Use 1.");
}

std::string resolve_stream_index(const RunOptions& options) {
  if (!options.data.samples.stream || !options.data.samples.index.empty()) {
    return options.data.samples.index;
  }
  const std::string& folder = options.output.folder;
  return path_in(folder.empty() ? "runs" : StorePath(folder).parent().text(), "stream-index");
}

std::int64_t resolve_shuffle_window(const RunOptions& options, std::int64_t num_features) noexcept {
  return options.data.samples.stream && options.data.samples.shuffle_window == 0
             ? default_shuffle_window(num_features)
             : options.data.samples.shuffle_window;
}

double resolve_lr(const RunOptions& options) noexcept {
  if (options.training.lr != 0) {
    return options.training.lr;
  }
  return options.training.optimizer == OptimizerKind::sgd ? 0.05 : 0.003;
}

}  // namespace dga
