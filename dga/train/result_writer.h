// SPDX-License-Identifier: Apache-2.0
//
// ResultWriter: the files that worker 0 writes as a run goes on, by way of the folder's path alone,
// since worker 0 may be another process than the one that made the folder.

#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "dga/options/run_options.h"
#include "dga/storage/append_log.h"
#include "dga/storage/atomic_file.h"
#include "dga/storage/run_results.h"

namespace dga {

/// A disk that takes no more is remembered, not thrown: the other workers must be told first.
class ResultWriter {
 public:
  explicit ResultWriter(std::string folder) : folder_(std::move(folder)) {}

  const std::string& folder() const noexcept { return folder_; }
  std::string file(std::string_view name) const;
  /// Runs `write` unless something failed before, and remembers a StorageError; false then.
  bool attempt(const std::function<void()>& write);
  /// What failed; empty while all is well.
  const std::string& error() const noexcept { return error_; }

  /// Opens the model's file and takes the room on the disk that it and the small files need: a disk
  /// that is too full for the results says so before the training.
  bool reserve_model(std::int64_t weight_bytes);
  /// The file that reserve_model opened.
  AtomicFile& model_file() { return *model_; }
  /// A line of metrics.jsonl.
  bool append(const EpochResult& epoch);

 private:
  std::string folder_;
  std::string error_;
  std::optional<AppendLog> metrics_;
  std::optional<AtomicFile> model_;
};

}  // namespace dga
