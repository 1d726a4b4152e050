// SPDX-License-Identifier: Apache-2.0
//
// DataCache: keeps datasets in memory, so that the same files are read only once.

#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "dga/data/load.h"

namespace dga {

/// An entry is found by its files (path, size, time of the last change) and by the options with
/// which they were read. Thread-safe.
class DataCache {
 public:
  /// Returns the cached data if the same options were loaded before and the files have not changed;
  /// otherwise calls load_data(options).
  std::shared_ptr<const LoadedData> load(const LoadOptions& options);
  /// Clears the cache. Existing shared_ptrs stay valid.
  void clear() noexcept;

 private:
  struct Entry {
    std::string key;    // the locations, and how they were read
    std::string stamp;  // of the files
    std::shared_ptr<const LoadedData> data;
  };

  std::mutex mutex_;
  std::vector<Entry> entries_;
};

}  // namespace dga
