// SPDX-License-Identifier: Apache-2.0

#include "dga/train/result_writer.h"

#include <utility>

#include "dga/base/error.h"
#include "dga/storage/run_folder.h"
#include "dga/storage/store_path.h"

namespace dga {

std::string ResultWriter::file(std::string_view name) const {
  return path_in(folder_, name);
}

bool ResultWriter::attempt(const std::function<void()>& write) {
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

bool ResultWriter::reserve_model(std::int64_t weight_bytes) {
  // For the header of the file and the files beside it. Metrics grow by a line per epoch.
  constexpr std::int64_t kSmallFiles = std::int64_t{64} << 10;
  return attempt([&] {
    model_.emplace(file(kModelFile));
    model_->reserve(weight_bytes + kSmallFiles);
  });
}

bool ResultWriter::restart_metrics(const std::vector<EpochResult>& epochs) {
  return attempt([&] {
    std::string lines;
    for (const EpochResult& epoch : epochs) {
      lines += to_json(epoch) + "\n";
    }
    atomic_write(file(kMetricsFile), lines);
    metrics_.emplace(file(kMetricsFile));
  });
}

bool ResultWriter::append(const EpochResult& epoch) {
  return attempt([&] {
    if (!metrics_) {
      metrics_.emplace(file(kMetricsFile));
    }
    metrics_->append(to_json(epoch));
  });
}

void ResultWriter::write(std::string_view name, std::string_view text) {
  AtomicFile whole(file(name));
  whole.append(text);
  whole.commit();
  list(name, whole.written());
}

void ResultWriter::list(std::string_view name, ContentSum written) {
  manifest_.files.insert_or_assign(std::string(name), std::move(written));
}

void ResultWriter::write_manifest() {
  list(kMetricsFile, metrics_->written());
  list(kModelFile, model_->written());
  atomic_write(file(kManifestFile), to_json(manifest_));
}

}  // namespace dga
