// SPDX-License-Identifier: Apache-2.0
//
// RunFolder: the folder that one run writes its files to.

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dga {

/// The files of a run, by the names that scripts may rely on; docs/results.md describes each.
inline constexpr std::string_view kConfigFile = "config.json";
inline constexpr std::string_view kMetricsFile = "metrics.jsonl";
inline constexpr std::string_view kResultsFile = "results.json";
inline constexpr std::string_view kModelFile = "model.safetensors";
inline constexpr std::string_view kModelCardFile = "model.json";
inline constexpr std::string_view kReportFile = "report.html";
inline constexpr std::string_view kTraceFile = "trace.json";
/// Of the name of a TensorBoardLog's file. Other programs' event files, which may lie in the folder
/// too, end otherwise.
inline constexpr std::string_view kEventFilePrefix = "events.out.tfevents.";
inline constexpr std::string_view kEventFileSuffix = ".dga";

enum class RunFolderMode {
  fresh,   ///< a folder that already holds a run is refused
  resume,  ///< it is what is wanted
};

/// Made by the one process of a run that writes (rank 0), before anything else starts, so that a
/// folder that cannot be written to costs nobody any time. Until keep() is called, the destructor
/// takes back everything: the files written through file(), its event files that were not there
/// before, and the folders made. Copies of the object in forked children take back nothing.
class RunFolder {
 public:
  /// `path`: the folder; empty means runs/<date-time> under the current one. It and its parents are
  /// made as needed; one that exists may hold other files, but no run. Throws StorageError when a
  /// run is there (fresh), when something else has that name, or when it cannot be written to.
  explicit RunFolder(const std::string& path, RunFolderMode mode = RunFolderMode::fresh);
  ~RunFolder();
  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;

  const std::string& path() const noexcept { return path_; }
  /// Where the run's file `name` lies or will lie.
  std::string file(std::string_view name) const;
  /// From here on the folder stays, whatever happens: the run has produced something.
  void keep() noexcept { kept_ = true; }

 private:
  void make();
  void probe() const;
  void take_back() const noexcept;

  std::string path_;
  std::vector<std::string> made_;          // folders, the outermost first
  mutable std::vector<std::string> ours_;  // files named by file() that were not there before
  std::optional<std::vector<std::string>> event_files_;  // that were there before; none: unknown
  int owner_;                                            // process that made it
  bool kept_ = false;
};

/// Whether any of a run's files lies in `folder`.
bool holds_run(const std::string& folder);

}  // namespace dga
