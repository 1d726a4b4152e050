// SPDX-License-Identifier: Apache-2.0
//
// ResultWriter: writes the files of a run on worker 0. It needs only the path of the folder,
// because worker 0 may run in another process than the one that made the folder.

#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "dga/options/run_options.h"
#include "dga/storage/append_log.h"
#include "dga/storage/atomic_file.h"
#include "dga/storage/manifest.h"
#include "dga/storage/run_results.h"

namespace dga {

/// Keeps a StorageError instead of throwing it, because the other workers must be told first.
class ResultWriter {
 public:
  explicit ResultWriter(std::string folder) : folder_(std::move(folder)) {}

  const std::string& folder() const noexcept { return folder_; }
  std::string file(std::string_view name) const;
  /// Runs `write` unless an earlier write failed. Returns false, and keeps the error, when it
  /// throws StorageError; also false after an earlier failure.
  bool attempt(const std::function<void()>& write);
  /// The text of the first error; empty if there was none.
  const std::string& error() const noexcept { return error_; }

  /// Opens the model's file and reserves disk space for it and for the small files. A disk without
  /// enough space is thus reported before training.
  bool reserve_model(std::int64_t weight_bytes);
  /// The file that reserve_model opened. Call reserve_model first.
  AtomicFile& model_file() { return *model_; }
  /// Begins metrics.jsonl anew with the epochs of a run that goes on.
  bool restart_metrics(const std::vector<EpochResult>& epochs);
  /// Appends a line to metrics.jsonl.
  bool append(const EpochResult& epoch);
  /// Writes a whole file, and lists it in the manifest. Throws StorageError.
  void write(std::string_view name, std::string_view text);
  /// Lists a file in the manifest that is written elsewhere, and now complete.
  void list(std::string_view name, ContentSum written);
  /// Writes the manifest of the files above, the model and the metrics. Call it when all of them
  /// are complete. Throws StorageError.
  void write_manifest();

 private:
  std::string folder_;
  std::string error_;
  std::optional<AppendLog> metrics_;
  std::optional<AtomicFile> model_;
  Manifest manifest_;
};

}  // namespace dga
