// SPDX-License-Identifier: Apache-2.0
//
// RunResults: the contents of results.json, which docs/results.md describes.

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dga {

/// One epoch: an element of `epochs` in results.json, and a line of metrics.jsonl.
struct EpochResult {
  std::int64_t epoch = 0;                  // counted from 1
  double loss = 0;                         // mean over the epoch's training samples
  std::optional<double> train_error = {};  // unset: not measured
  std::optional<double> test_error = {};   // unset: no samples are held out
  double seconds = 0;
  std::optional<double> val_error = {};  // unset: there is no validation set
  // The caller's own metrics, by name: means over the held-out samples, or over the validation
  // samples if none are held out, or over the training samples if there are neither.
  std::map<std::string, double> metrics = {};

  bool operator==(const EpochResult&) const = default;
};

/// A run has gone on from a checkpoint with another number of workers. From then on its bits are
/// others than those of a run with either number.
struct WorkersChange {
  std::int64_t step = 0;   // steps that had been taken
  std::int64_t epoch = 0;  // epochs that had been finished; the next began from its beginning
  int from = 0;
  int to = 0;

  bool operator==(const WorkersChange&) const = default;
};

/// A quantity of each worker and its mean.
struct PerWorker {
  std::optional<double> mean = {};
  std::vector<std::optional<double>> values = {};  // (workers); unset: the worker has no value

  bool operator==(const PerWorker&) const = default;
};

/// The machine of worker 0, and the software.
struct RunPlace {
  std::string host = {};
  std::string processor = {};
  int cores = 0;
  std::int64_t memory_bytes = 0;
  std::string torch = {};  // versions
  std::string dga = {};

  bool operator==(const RunPlace&) const = default;
};

/// Numbers that are not finite are written as null, because JSON cannot represent them.
struct RunResults {
  std::string engine = {};  // "threads", "processes" or "mpi"
  int workers = 0;
  std::vector<WorkersChange> workers_changed = {};  // the oldest first
  int carriers = 0;        // threads, processes or ranks. 0 in files of older versions
  bool coalesced = false;  // carriers computed the samples of their workers as one batch
  std::uint64_t seed = 0;
  // The order in which samples are drawn. Empty, and 0, in files of older versions.
  std::string order = {};   // of shards: "iid", "contiguous" or "by-label"
  std::int64_t window = 0;  // samples that are shuffled at a time; 0: the whole shard
  std::int64_t train_samples = 0;
  std::int64_t test_samples = 0;
  std::int64_t validation_samples = 0;
  // Seconds from a worker's first step to its last, including waits; of the steps since the last of
  // workers_changed.
  PerWorker time = {};
  // (workers) The parts of `time`; see StepPhase. Empty in files of older versions.
  std::vector<double> compute_seconds = {};
  std::vector<double> reduce_seconds = {};
  std::vector<double> wait_seconds = {};
  std::vector<double> data_seconds = {};
  // On its share of the held-out samples; the mean is weighted by samples. The values are unset if
  // the saved epoch was before the last of workers_changed.
  PerWorker error = {};
  std::optional<double> val_error = {};  // of the saved epoch; unset: there is no validation set
  std::vector<EpochResult> epochs = {};
  // The epoch whose weights were saved, counted from 1. 0 in files of older versions.
  std::int64_t best_epoch = 0;
  bool stopped = false;        // a signal ended the run within the epoch after the last of `epochs`
  bool stopped_early = false;  // the run ended before its last epoch, without a failure or signal
  std::int64_t steps = 0;      // of `epochs`, as all times but the median and the wall seconds are
  /// Steps that were skipped because a gradient was not finite; not among `steps`.
  std::int64_t skipped_steps = 0;
  int restarts = 0;  // how often the workers were started again after a failure
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

/// Reads the text of results.json. Throws StorageError, which names `path`, if `text` is something
/// else.
RunResults run_results_from_json(std::string_view text, const std::string& path);
/// Reads the text of metrics.jsonl. Ignores an incomplete last line. Throws StorageError, which
/// names `path` and the line.
std::vector<EpochResult> epochs_from_json_lines(std::string_view text, const std::string& path);

}  // namespace dga
