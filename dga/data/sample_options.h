// SPDX-License-Identifier: Apache-2.0
//
// SampleOptions: how the samples of a dataset are held: a group of options of its own, which
// RunOptions holds.

#pragma once

#include <cstdint>
#include <string>

namespace dga {

struct SampleOptions {
  std::string resize = {};  // "HxW": the height and width of all images; empty: they have one size
  bool stream = false;      // leave the features in the files; see StreamedDataset
  /// Samples that a worker shuffles at a time. 0: its whole shard, or default_shuffle_window if
  /// they are streamed.
  std::int64_t shuffle_window = 0;
  /// Of streamed samples: the folder that keeps what is found in the files. Empty: stream-index
  /// beside the run's folder.
  std::string index = {};

  bool operator==(const SampleOptions&) const = default;
};

}  // namespace dga
