// SPDX-License-Identifier: Apache-2.0

#include "dga/problem/data_cache.h"

#include <algorithm>

#include "dga/base/error.h"
#include "dga/data/location.h"
#include "dga/storage/store_path.h"

namespace dga {
namespace {

std::string stamp_of(const LoadOptions& options) {
  const DataFiles files = find_data_files(
      {.data = options.data, .validation = options.validation_data, .test = options.test_data});
  std::string stamp;
  for (const auto* list : {&files.train, &files.validation, &files.test}) {
    for (const std::string& path : *list) {
      if (const auto status = StorePath(path).status()) {
        stamp += str(file_name(path), '\n', status->stamp, '\n');
      }
    }
    stamp += '\n';
  }
  for (const IgnoredFile& file : files.ignored) {
    stamp += file_name(file.path) + '\n';
  }
  return stamp;
}

std::string absolute(const std::string& location) {
  return StorePath(location).canonical();
}

std::string key_of(const LoadOptions& options) {
  return str(absolute(options.data), '\n',
             options.test_data.empty() ? "" : absolute(options.test_data), '\n',
             options.validation_data.empty() ? "" : absolute(options.validation_data), '\n',
             dga::key_of(options.table), '\n', options.samples.resize, '\n',
             name_in(kTaskNames, options.task), '\n',
             options.samples.stream ? str("stream ", options.samples.shuffle_window) : "");
}

}  // namespace

std::shared_ptr<const LoadedData> DataCache::load(const LoadOptions& options) {
  const std::lock_guard lock(mutex_);
  const std::string key = key_of(options);
  // Before reading: a file that changes meanwhile is read again the next time.
  const std::string stamp = stamp_of(options);
  const auto known = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const Entry& entry) { return entry.key == key; });
  if (known != entries_.end()) {
    if (known->stamp == stamp) {
      return known->data;
    }
    entries_.erase(known);
  }
  auto data = std::make_shared<const LoadedData>(load_data(options));
  entries_.push_back({key, stamp, data});
  return data;
}

void DataCache::clear() noexcept {
  const std::lock_guard lock(mutex_);
  entries_.clear();
}

}  // namespace dga
