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

struct Found {
  StorePath path;
  std::int64_t step = 0;
  bool complete = false;
};

/// All folders with the name of a checkpoint, the oldest first.
std::vector<Found> find_all(const std::string& run_folder) {
  const StorePath folder = StorePath(run_folder) / kCheckpointsFolder;
  std::vector<Found> found;
  if (!folder.is_folder()) {
    return found;
  }
  for (const Entry& entry : folder.list()) {
    const auto step = step_in(entry.name);
    if (step && entry.status.is_folder()) {
      const StorePath path = folder / entry.name;
      found.push_back({path, *step, (path / kManifestFile).exists()});
    }
  }
  std::sort(found.begin(), found.end(),
            [](const Found& a, const Found& b) { return a.step < b.step; });
  return found;
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
  std::vector<StoredCheckpoint> all;
  for (const Found& found : find_all(run_folder)) {
    if (found.complete) {
      all.push_back({found.path.text(), found.step});
    }
  }
  return all;
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
  for (const Found& found : find_all(run_folder)) {
    if (found.step > step) {
      remove_checkpoint(found.path);
    }
  }
}

void remove_old_checkpoints(const std::string& run_folder, int keep) {
  const std::vector<Found> all = find_all(run_folder);
  int complete = 0;
  for (auto newest = all.rbegin(); newest != all.rend(); ++newest) {
    if (complete >= keep) {
      remove_checkpoint(newest->path);
    } else {
      complete += newest->complete ? 1 : 0;
    }
  }
}

}  // namespace dga
