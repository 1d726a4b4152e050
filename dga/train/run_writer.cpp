// SPDX-License-Identifier: Apache-2.0

#include "dga/train/run_writer.h"

#include <filesystem>

#include "dga/base/error.h"
#include "dga/storage/run_folder.h"

namespace dga {

std::string RunWriter::file(std::string_view name) const {
  return (std::filesystem::path(folder_) / name).string();
}

bool RunWriter::attempt(const std::function<void()>& write) {
  if (!error_.empty()) {
    return false;
  }
  try {
    write();
    return true;
  } catch (const StorageError& error) {
    error_ = error.what();
    return false;
  }
}

bool RunWriter::append(const EpochResult& epoch) {
  return attempt([&] {
    if (!metrics_) {
      metrics_.emplace(file(kMetricsFile));
    }
    metrics_->append(to_json(epoch));
  });
}

}  // namespace dga
