// SPDX-License-Identifier: Apache-2.0
//
// Checkpoints: the folders in which a run keeps its state, one for each checkpoint. What the files
// in them say is up to the trainer (dga/train/run_state.h) and Checkpointer
// (dga/train/program_state.h).

#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dga/base/content_hash.h"
#include "dga/storage/manifest.h"
#include "dga/storage/store_path.h"

namespace dga {

/// The folder within a run's folder that contains the checkpoints, and nothing else.
inline constexpr std::string_view kCheckpointsFolder = "checkpoints";

struct StoredCheckpoint {
  std::string path;
  std::int64_t step = 0;  // steps that the run had taken
  /// Its manifest is there. Its files may be damaged nevertheless.
  bool is_complete = true;
};

/// Writes one checkpoint, which exists as a whole or not at all: its manifest is written last.
/// Paths are those of StorePath. All members throw StorageError.
class CheckpointWriter {
 public:
  /// Makes the checkpoint's folder, `checkpoints/step-<12 digits>` in the folder of the run, so
  /// that names sort by age. Whatever is at that path is removed first.
  CheckpointWriter(const std::string& run_folder, std::int64_t step);
  /// Removes what was written, unless it is committed.
  ~CheckpointWriter();
  CheckpointWriter(const CheckpointWriter&) = delete;
  CheckpointWriter& operator=(const CheckpointWriter&) = delete;

  const std::string& path() const noexcept { return folder_.text(); }
  /// The path of a file that is written elsewhere; then call `list`.
  std::string file(std::string_view name) const { return path_in(folder_.text(), name); }
  void list(std::string_view name, ContentSum written);
  /// Writes a whole file, and lists it.
  void write(std::string_view name, std::string_view text);
  /// Call it once, when all files are complete.
  void commit();

 private:
  StorePath folder_;
  Manifest manifest_;
  bool committed_ = false;
};

/// The complete checkpoints of a run, the oldest first; none if it has no folder for them. Throws
/// StorageError.
std::vector<StoredCheckpoint> list_checkpoints(const std::string& run_folder);

/// The checkpoints that a user means by `path`: all of a run, the oldest first, also those that are
/// incomplete, or the one in this folder. Throws StorageError if it is neither, and for a run
/// without any.
std::vector<StoredCheckpoint> checkpoints_at(const std::string& path);

/// Reads all files of the checkpoint at `path` and compares them with its manifest. Throws
/// StorageError, which names the first file that is missing or has other contents.
void verify_checkpoint(const std::string& path);

/// The newest checkpoint of a run whose files are as they were written. Calls `damaged` with a line
/// for each newer one that is not. Throws StorageError if the folder cannot be listed.
std::optional<StoredCheckpoint> newest_good_checkpoint(
    const std::string& run_folder, const std::function<void(const std::string& text)>& damaged);

/// The checkpoint at `path`, or the newest good one of the run there; its files are as they were
/// written. `damaged` as above. Throws StorageError if there is none.
StoredCheckpoint good_checkpoint_at(const std::string& path,
                                    const std::function<void(const std::string& text)>& damaged);

/// Removes all complete checkpoints but the newest `keep`, and incomplete ones that are older than
/// these. `keep` is at least 1. Throws StorageError.
void remove_old_checkpoints(const std::string& run_folder, int keep);

/// Removes the checkpoints of later steps than `step`: the run has gone back to `step`, and goes on
/// differently perhaps. Throws StorageError.
void remove_later_checkpoints(const std::string& run_folder, std::int64_t step);

}  // namespace dga
