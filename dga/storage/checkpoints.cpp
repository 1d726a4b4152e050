// SPDX-License-Identifier: Apache-2.0

#include "dga/storage/checkpoints.h"

#include <algorithm>
#include <charconv>
#include <iomanip>
#include <sstream>
#include <utility>

#include "dga/base/error.h"
#include "dga/storage/atomic_file.h"
#include "dga/storage/checked_folder.h"
#include "dga/storage/checkpoint_names.h"
#include "dga/storage/file_tree.h"
#include "dga/storage/run_folder.h"

namespace dga {
namespace {

constexpr std::string_view kStepPrefix = "step-";
constexpr int kStepDigits = 12;

std::string name_of_step(std::int64_t step) {
  std::ostringstream name;
  name << kStepPrefix << std::setw(kStepDigits) << std::setfill('0') << step;
  return name.str();
}

/// The step in the name of a checkpoint's folder; nothing for other names.
std::optional<std::int64_t> step_in(std::string_view name) {
  if (!name.starts_with(kStepPrefix) || name.size() < kStepPrefix.size() + kStepDigits) {
    return std::nullopt;
  }
  name.remove_prefix(kStepPrefix.size());
  std::int64_t step = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), step);
  return error == std::errc() && end == name.data() + name.size() && step >= 0 ? std::optional(step)
                                                                               : std::nullopt;
}

/// All folders with the name of a checkpoint, the oldest first.
std::vector<StoredCheckpoint> find_all(const std::string& run_folder) {
  const StorePath folder = StorePath(run_folder) / kCheckpointsFolder;
  std::vector<StoredCheckpoint> found;
  if (!folder.is_folder()) {
    return found;
  }
  for (const Entry& entry : folder.list()) {
    const auto step = step_in(entry.name);
    if (step && entry.status.is_folder()) {
      const StorePath path = folder / entry.name;
      found.push_back({path.text(), *step, (path / kManifestFile).exists()});
    }
  }
  std::sort(found.begin(), found.end(),
            [](const StoredCheckpoint& a, const StoredCheckpoint& b) { return a.step < b.step; });
  return found;
}

bool is_run_with_checkpoints(const StorePath& folder) {
  return (folder / kCheckpointsFolder).is_folder();
}

/// The manifest is removed first: what is left after a kill is no checkpoint.
void remove_checkpoint(const StorePath& path) {
  (path / kManifestFile).remove();
  remove_tree(path);
}

}  // namespace

CheckpointWriter::CheckpointWriter(const std::string& run_folder, std::int64_t step)
    : folder_(StorePath(run_folder) / kCheckpointsFolder / name_of_step(step)) {
  if (folder_.exists()) {
    remove_checkpoint(folder_);
  }
  make_folders(folder_);
}

CheckpointWriter::~CheckpointWriter() {
  if (committed_) {
    return;
  }
  try {
    remove_tree(folder_);
  } catch (const Error&) {
    // Without a manifest it is no checkpoint; the next one of the run removes it.
  }
}

void CheckpointWriter::list(std::string_view name, ContentSum written) {
  manifest_.files.insert_or_assign(std::string(name), std::move(written));
}

void CheckpointWriter::write(std::string_view name, std::string_view text) {
  AtomicFile whole(file(name));
  whole.append(text);
  whole.commit();
  list(name, whole.written());
}

void CheckpointWriter::commit() {
  atomic_write(file(kManifestFile), to_json(manifest_));
  committed_ = true;
}

std::vector<StoredCheckpoint> list_checkpoints(const std::string& run_folder) {
  std::vector<StoredCheckpoint> all = find_all(run_folder);
  std::erase_if(all, [](const StoredCheckpoint& each) { return !each.is_complete; });
  return all;
}

std::vector<StoredCheckpoint> checkpoints_at(const std::string& path) {
  const StorePath folder(path);
  if (is_run_with_checkpoints(folder)) {
    std::vector<StoredCheckpoint> all = find_all(path);
    if (all.empty()) {
      throw StorageError(str("[storage] ", path,
                             ": expected a run with checkpoints, found none in its folder ",
                             kCheckpointsFolder, ". Wait for the first one."));
    }
    return all;
  }
  const auto step = step_in(folder.name());
  if (!folder.is_folder() || (!step && !(folder / kStateFile).exists())) {
    throw StorageError(str("[storage] ", path,
                           ": expected the folder of a run with checkpoints, or of a checkpoint, "
                           "found neither. Check the path; dga train saves checkpoints with "
                           "--checkpoint-every."));
  }
  return {{path, step.value_or(0), (folder / kManifestFile).exists()}};
}

void verify_checkpoint(const std::string& path) {
  const CheckedFolder folder(path);
  if (!folder.manifest()) {
    throw StorageError(str("[storage] ", path,
                           ": expected a checkpoint with a manifest.json, found none. Its run was "
                           "ended while it was being written: use an older one."));
  }
  for (const auto& [name, sum] : folder.manifest()->files) {
    folder.file(name)->check();
  }
}

std::optional<StoredCheckpoint> newest_good_checkpoint(
    const std::string& run_folder, const std::function<void(const std::string& text)>& damaged) {
  std::vector<StoredCheckpoint> all = list_checkpoints(run_folder);
  for (auto newest = all.rbegin(); newest != all.rend(); ++newest) {
    try {
      verify_checkpoint(newest->path);
      return *newest;
    } catch (const StorageError& error) {
      damaged(error.what());
    }
  }
  return std::nullopt;
}

void remove_later_checkpoints(const std::string& run_folder, std::int64_t step) {
  for (const StoredCheckpoint& found : find_all(run_folder)) {
    if (found.step > step) {
      remove_checkpoint(StorePath(found.path));
    }
  }
}

StoredCheckpoint good_checkpoint_at(const std::string& path,
                                    const std::function<void(const std::string& text)>& damaged) {
  const std::vector<StoredCheckpoint> all = checkpoints_at(path);
  if (!is_run_with_checkpoints(StorePath(path))) {
    verify_checkpoint(path);
    return all.front();
  }
  if (auto newest = newest_good_checkpoint(path, damaged)) {
    return *newest;
  }
  throw StorageError(str("[storage] ", path,
                         ": expected a run with a checkpoint that is complete and undamaged, found "
                         "none among ",
                         all.size(), ". Use another run."));
}

void remove_old_checkpoints(const std::string& run_folder, int keep) {
  const std::vector<StoredCheckpoint> all = find_all(run_folder);
  int complete = 0;
  for (auto newest = all.rbegin(); newest != all.rend(); ++newest) {
    if (complete >= keep) {
      remove_checkpoint(StorePath(newest->path));
    } else {
      complete += newest->is_complete ? 1 : 0;
    }
  }
}

}  // namespace dga
