// SPDX-License-Identifier: Apache-2.0

#include "dga/storage/run_folder.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <iterator>
#include <system_error>
#include <utility>

#include "dga/base/error.h"
#include "dga/storage/atomic_file.h"
#include "dga/storage/file_handle.h"

namespace dga {
namespace {

namespace fs = std::filesystem;

constexpr std::array kRunFiles{kConfigFile, kMetricsFile,   kResultsFile,
                               kModelFile,  kModelCardFile, kTraceFile};

// About the size of a run's small files. Writing it finds a full disk before the training.
constexpr std::size_t kProbeBytes = 64 << 10;

std::string date_time() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm local{};
  localtime_r(&now, &local);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%d_%H-%M-%S", &local)};
}

/// Creates one folder. Returns false if something with that name exists.
bool make_folder(const std::string& path) {
  if (::mkdir(path.c_str(), 0777) == 0) {
    return true;
  }
  if (errno != EEXIST) {
    throw_storage_error(path, "to create the folder", errno);
  }
  return false;
}

/// The event files of dga in `folder`. They are found by listing it, because their names contain
/// the number of the process that writes them, which may not have started yet.
std::vector<std::string> event_files_in(const std::string& folder) {
  std::vector<std::string> found;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(kEventFilePrefix) && name.ends_with(kEventFileSuffix)) {
      found.push_back(entry.path().string());
    }
  }
  return found;
}

}  // namespace

std::vector<std::string> run_files_in(const std::string& folder) {
  std::vector<std::string> found = event_files_in(folder);
  for (const std::string_view name : kRunFiles) {
    const fs::path path = fs::path(folder) / name;
    std::error_code error;
    if (fs::exists(path, error)) {
      found.push_back(path.string());
    }
  }
  return found;
}

bool holds_run(const std::string& folder) {
  return !run_files_in(folder).empty();
}

RunFolder::RunFolder(const std::string& path, RunFolderMode mode) : path_(path), owner_(getpid()) {
  try {
    if (path_.empty()) {
      // Runs that start within the same second get numbers.
      const std::string stem = (fs::path("runs") / date_time()).string();
      path_ = stem;
      make();
      for (int number = 2; made_.empty() || made_.back() != path_; ++number) {
        path_ = str(stem, "-", number);
        make();
      }
    } else {
      make();
    }
    remove_abandoned_files(path_);  // also where the run is refused below
    event_files_ = event_files_in(path_);
    if (mode == RunFolderMode::fresh && holds_run(path_)) {
      throw StorageError(str("[storage] ", path_,
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
  remove_abandoned_files(path_);  // of a worker process that was killed
  if (!kept_) {
    take_back();
  }
}

void RunFolder::make() {
  fs::path folder;
  for (const fs::path& part : fs::path(path_)) {
    folder /= part;
    if (part.empty() || fs::is_directory(folder)) {
      continue;
    }
    const std::string name = folder.string();
    if (make_folder(name)) {
      made_.push_back(name);
    } else if (!fs::is_directory(folder)) {
      throw StorageError(str("[storage] ", name,
                             ": expected a folder or nothing, found another kind of file. Choose "
                             "another folder with --output."));
    }
  }
}

void RunFolder::probe() const {
  const std::string name = (fs::path(path_) / ".probe").string();
  AtomicFile file(name);  // never committed
  file.append(std::string(kProbeBytes, ' '));
}

std::string RunFolder::file(std::string_view name) const {
  std::string path = (fs::path(path_) / name).string();
  std::error_code error;
  if (!fs::exists(path, error) && std::find(ours_.begin(), ours_.end(), path) == ours_.end()) {
    ours_.push_back(path);
  }
  return path;
}

void RunFolder::take_back() const noexcept {
  for (const std::string& path : ours_) {
    ::unlink(path.c_str());
  }
  if (event_files_) {
    for (const std::string& path : event_files_in(path_)) {
      if (std::find(event_files_->begin(), event_files_->end(), path) == event_files_->end()) {
        ::unlink(path.c_str());
      }
    }
  }
  // rmdir fails, as it should, for a folder that is not empty because others use it.
  std::for_each(made_.rbegin(), made_.rend(),
                [](const std::string& path) { ::rmdir(path.c_str()); });
}

}  // namespace dga
