// SPDX-License-Identifier: Apache-2.0
//
// RunFolder: the folder to which a run writes its files.

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dga/storage/store_path.h"

namespace dga {

/// Names of a run's files. Scripts may rely on them; docs/results.md describes the files.
inline constexpr std::string_view kConfigFile = "config.json";
inline constexpr std::string_view kMetricsFile = "metrics.jsonl";
inline constexpr std::string_view kResultsFile = "results.json";
inline constexpr std::string_view kModelFile = "model.safetensors";
inline constexpr std::string_view kModelCardFile = "model.json";
inline constexpr std::string_view kReportFile = "report.html";
inline constexpr std::string_view kTraceFile = "trace.json";
inline constexpr std::string_view kManifestFile = "manifest.json";
/// Beginning and end of the names of a TensorBoardLog's files. Event files of other programs, which
/// may be in the same folder, do not have this suffix.
inline constexpr std::string_view kEventFilePrefix = "events.out.tfevents.";
inline constexpr std::string_view kEventFileSuffix = ".dga";

enum class RunFolderMode {
  fresh,   ///< refuses a folder that contains a run
  resume,  ///< accepts a folder that contains a run; see begin_again
};

/// Create it only in the process that writes the run's files (rank 0), and before the run starts,
/// so that a folder that cannot be written to is reported early. Unless keep() is called, the
/// destructor removes what the run has created: files that were claimed, new event files of dga,
/// and new folders that are empty. In a forked child the destructor does nothing.
class RunFolder {
 public:
  /// `path` is the folder, a plain path or a URI; an empty path means runs/<date-time> in the
  /// current folder. Creates it and its parents if needed. An existing folder may contain other
  /// files. Throws StorageError if the folder contains a run (in mode fresh), if something other
  /// than a folder has its name, or if it cannot be written to. Removes temporary files that a
  /// killed run has left in it.
  explicit RunFolder(const std::string& path, RunFolderMode mode = RunFolderMode::fresh);
  ~RunFolder();
  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;

  const std::string& path() const noexcept { return path_.text(); }
  /// Says that the run will write the file `name`, and returns its path. Unless it exists already,
  /// the destructor will remove it.
  std::string claim(std::string_view name);
  /// Keeps the folder and its files from now on. Call it once the run has results.
  void keep() noexcept { kept_ = true; }

 private:
  void make(const StorePath& folder);
  void make_default();
  void probe() const;
  void take_back() const noexcept;

  StorePath path_;
  std::vector<StorePath> made_;  // folders created, the outermost first
  std::vector<StorePath> ours_;  // claimed files that did not exist then
  std::optional<std::vector<std::string>>
      event_files_;  // that existed before; not yet listed if unset
  int owner_;        // the process that created the object
  bool kept_ = false;
};

/// The paths of the files of a run that are in `folder`, without a report.html.
std::vector<std::string> run_files_in(const std::string& folder);

/// Copies a run to a new folder, which appears as a whole: all files of its manifest, with the
/// manifest; the files that make it usable if it has none. Throws StorageError if one of them is
/// missing or not as the manifest says, or if something is at `to` already.
void copy_run(const std::string& from, const std::string& to);

/// Removes the manifest and the results of the run in `folder`, if it has any, because a run that
/// resumes it is about to change the files of which they speak. Throws StorageError.
void begin_again(const std::string& folder);

/// Whether `folder` contains a file of a run. A report.html alone does not count.
bool holds_run(const std::string& folder);

}  // namespace dga
