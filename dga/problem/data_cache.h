// SPDX-License-Identifier: Apache-2.0
//
// DataCache: datasets that were read already.

#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "dga/data/load.h"

namespace dga {

/// Remembers what it loaded by the files it came from (path, size, time of the last change) and how
/// they were read, so that the same data is read once. Any thread.
class DataCache {
 public:
  /// load_data(options), unless that was done before and the files are as they were.
  std::shared_ptr<const LoadedData> load(const LoadOptions& options);
  /// Forgets everything; who holds data keeps it.
  void clear() noexcept;

 private:
  struct Entry {
    std::string key;    // where from, and how it was read
    std::string stamp;  // of the files
    std::shared_ptr<const LoadedData> data;
  };

  std::mutex mutex_;
  std::vector<Entry> entries_;
};

}  // namespace dga
