// SPDX-License-Identifier: Apache-2.0
//
// RunResults: what a run says about itself in results.json. docs/results.md describes the file.

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dga {

/// One epoch, as it stands in results.json and, a line each, in metrics.jsonl.
struct EpochResult {
  std::int64_t epoch = 0;                  // counted from 1
  double loss = 0;                         // mean over the epoch's training samples
  std::optional<double> train_error = {};  // none: not measured
  std::optional<double> test_error = {};   // none: nothing is held out
  double seconds = 0;
  // By name, the caller's own: means over the held-out samples, or over those trained on where
  // nothing is held out.
  std::map<std::string, double> metrics = {};

  bool operator==(const EpochResult&) const = default;
};

/// Of a quantity that each worker has one of.
struct PerWorker {
  std::optional<double> mean = {};
  std::vector<std::optional<double>> values = {};  // (workers); none: the worker has nothing to say

  bool operator==(const PerWorker&) const = default;
};

/// What a run ran on, worker 0's machine for one.
struct RunPlace {
  std::string host = {};
  std::string processor = {};
  int cores = 0;
  std::int64_t memory_bytes = 0;
  std::string torch = {};  // versions
  std::string dga = {};

  bool operator==(const RunPlace&) const = default;
};

/// Numbers that are not finite are written as null, as JSON has no others.
struct RunResults {
  std::string engine = {};  // "threads", "processes" or "mpi"
  int workers = 0;
  std::uint64_t seed = 0;
  std::int64_t train_samples = 0;
  std::int64_t test_samples = 0;
  PerWorker time = {};  // seconds from a worker's first to its last step, waits included
  // (workers) What `time` consists of; see StepPhase. Empty in files of older versions.
  std::vector<double> compute_seconds = {};
  std::vector<double> reduce_seconds = {};
  std::vector<double> wait_seconds = {};
  PerWorker error = {};  // of its share of the held-out samples; the mean is weighted by samples
  std::vector<EpochResult> epochs = {};
  // Counted from 1: the one whose weights were saved. 0 in files of older versions.
  std::int64_t best_epoch = 0;
  bool stopped_early = false;  // before all epochs, without a failure or a signal
  std::int64_t steps = 0;
  double median_step_seconds = 0;
  double startup_seconds = 0;
  double wall_seconds = 0;
  std::string weights_sha256 = {};
  RunPlace machine = {};

  bool operator==(const RunResults&) const = default;
};

/// The text of results.json, with a final newline.
std::string to_json(const RunResults& results);
/// One line of metrics.jsonl, without its newline.
std::string to_json(const EpochResult& epoch);

/// Reads what to_json wrote. Throws StorageError, with `path` for a place, when `text` is no such
/// thing.
RunResults run_results_from_json(std::string_view text, const std::string& path);
/// The lines of a metrics.jsonl; half a line at its end is passed over.
std::vector<EpochResult> epochs_from_json_lines(std::string_view text, const std::string& path);

}  // namespace dga
