// SPDX-License-Identifier: Apache-2.0
//
// TraceFile: a timeline of all workers, for chrome://tracing and Perfetto (JSON trace format).

#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "dga/base/step_recorder.h"
#include "dga/storage/atomic_file.h"

namespace dga {

/// The time that a worker spent in one phase of one step.
struct TraceSpan {
  std::int64_t begin_ns = 0;  // since the beginning of the trace
  std::int64_t end_ns = 0;
  std::int64_t step = 0;  // counted from 0, over all epochs
  StepPhase phase = StepPhase::compute;
};

/// The trace shows one process with one row for each worker, or carrier. Each span is an event that
/// has the name of its phase and the arguments epoch and step, both counted from 1. The events are
/// written to an AtomicFile while they are added, and the file appears with commit(). Throws
/// StorageError.
class TraceFile {
 public:
  TraceFile(std::string path, std::int64_t steps_per_epoch);

  /// Begins row `number`, to which the next spans belong. Once for each row.
  void begin_row(int number, const std::string& name);
  void add(const TraceSpan& span);
  void commit();
  /// See AtomicFile.
  ContentSum written() const { return file_.written(); }

 private:
  void begin_event();
  void write_out();

  AtomicFile file_;
  std::int64_t steps_per_epoch_;
  int row_ = 0;
  bool first_ = true;
  std::string unwritten_;
};

/// Converts the marks of a StepRecorder to spans and passes them to `visit`, in order, at most
/// `piece` spans per call. `origin` is the value of now_seconds() at which the trace begins.
void for_spans(std::span<const PhaseMark> marks, double origin, std::size_t piece,
               const std::function<void(std::span<const TraceSpan>)>& visit);

}  // namespace dga
