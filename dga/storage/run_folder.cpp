// SPDX-License-Identifier: Apache-2.0

#include "dga/storage/run_folder.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>

#include "dga/base/error.h"
#include "dga/storage/atomic_file.h"
#include "dga/storage/checked_folder.h"
#include "dga/storage/file_tree.h"

namespace dga {
namespace {

constexpr std::array kRunFiles{kConfigFile,    kMetricsFile, kResultsFile, kModelFile,
                               kModelCardFile, kTraceFile,   kManifestFile};

// Without these no results can be shown and no samples predicted.
constexpr std::array kUsableFiles{kConfigFile, kMetricsFile, kModelCardFile, kModelFile,
                                  kResultsFile};

// About the size of a run's small files. Writing it finds a full disk before the training.
constexpr std::size_t kProbeBytes = 64 << 10;

std::string date_time() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm local{};
  localtime_r(&now, &local);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%d_%H-%M-%S", &local)};
}

bool is_event_file(std::string_view name) {
  return name.starts_with(kEventFilePrefix) && name.ends_with(kEventFileSuffix);
}

bool is_run_file(std::string_view name) {
  return std::find(kRunFiles.begin(), kRunFiles.end(), name) != kRunFiles.end() ||
         is_event_file(name);
}

/// The paths of what is in `folder` and has a name of this kind; none if there is no such folder.
std::vector<std::string> files_in(const StorePath& folder, bool (*has_kind)(std::string_view)) {
  std::vector<std::string> found;
  if (folder.is_folder()) {
    for (const Entry& entry : folder.list()) {
      if (has_kind(entry.name)) {
        found.push_back((folder / entry.name).text());
      }
    }
  }
  return found;
}

}  // namespace

std::vector<std::string> run_files_in(const std::string& folder) {
  return files_in(StorePath(folder), is_run_file);
}

bool holds_run(const std::string& folder) {
  return !run_files_in(folder).empty();
}

void begin_again(const std::string& folder) {
  for (const std::string_view name : {kManifestFile, kResultsFile}) {
    StorePath(path_in(folder, name)).remove();
  }
}

void copy_run(const std::string& from, const std::string& to) {
  const CheckedFolder run(from);
  std::vector<std::string> names;
  if (run.manifest()) {
    for (const auto& [name, sum] : run.manifest()->files) {
      names.push_back(name);
    }
    names.emplace_back(kManifestFile);
  } else {
    names.assign(kUsableFiles.begin(), kUsableFiles.end());
  }
  copy_to_new_folder(run, names, StorePath(to));
}

RunFolder::RunFolder(const std::string& path, RunFolderMode mode) : path_(path), owner_(getpid()) {
  try {
    if (path.empty()) {
      make_default();
    } else {
      make(path_);
    }
    path_.remove_abandoned();  // also where the run is refused below
    // Found by listing, because the names of event files contain the number of the process that
    // writes them, which may not have started yet.
    event_files_ = files_in(path_, is_event_file);
    if (mode == RunFolderMode::fresh && holds_run(path_.text())) {
      throw StorageError(str("[storage] ", path_.text(),
                             ": expected a folder without a run, found the files of one. Choose "
                             "another folder with --output, or remove that one."));
    }
    probe();
  } catch (...) {
    take_back();
    throw;
  }
}

RunFolder::~RunFolder() {
  if (getpid() != owner_) {
    return;
  }
  path_.remove_abandoned();  // of a worker process that was killed
  if (!kept_) {
    take_back();
  }
}

void RunFolder::make_default() {
  // Runs that start within the same second get numbers.
  const std::string stem = path_in("runs", date_time());
  path_ = StorePath(stem);
  make(path_);
  for (int number = 2; made_.empty() || made_.back().text() != path_.text(); ++number) {
    path_ = StorePath(str(stem, "-", number));
    make(path_);
  }
}

void RunFolder::make(const StorePath& folder) {
  make_folders(folder, [this](const StorePath& made) { made_.push_back(made); });
}

void RunFolder::probe() const {
  AtomicFile file((path_ / ".probe").text());  // never committed
  file.append(std::string(kProbeBytes, ' '));
}

std::string RunFolder::claim(std::string_view name) {
  const StorePath file = path_ / name;
  if (!file.exists()) {
    ours_.push_back(file);
  }
  return file.text();
}

void RunFolder::take_back() const noexcept {
  const auto remove = [](const StorePath& path) {
    try {
      path.remove();
    } catch (const Error&) {
      // As it should for a folder that is not empty because others use it.
    }
  };
  std::for_each(ours_.begin(), ours_.end(), remove);
  try {
    if (event_files_) {
      for (const std::string& path : files_in(path_, is_event_file)) {
        if (std::find(event_files_->begin(), event_files_->end(), path) == event_files_->end()) {
          remove(StorePath(path));
        }
      }
    }
  } catch (const Error&) {
    // What cannot be listed stays.
  }
  std::for_each(made_.rbegin(), made_.rend(), remove);
}

}  // namespace dga
