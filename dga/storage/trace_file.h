// SPDX-License-Identifier: Apache-2.0
//
// TraceFile: what each worker did when, for chrome://tracing and Perfetto (JSON trace format).

#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "dga/base/step_recorder.h"
#include "dga/storage/atomic_file.h"

namespace dga {

/// A worker was in one phase of one step.
struct TraceSpan {
  std::int64_t begin_ns = 0;  // from the beginning of the trace
  std::int64_t end_ns = 0;
  std::int64_t step = 0;  // counted from 0, over all epochs
  StepPhase phase = StepPhase::compute;
};

/// One process with a row a worker; a span is an event with the name of its phase and the arguments
/// epoch and step, both counted from 1. Written as it comes, and whole or not at all (AtomicFile):
/// it appears with commit(). Throws StorageError.
class TraceFile {
 public:
  TraceFile(std::string path, std::int64_t steps_per_epoch);

  /// The next spans are those of worker number `worker`. Once a worker.
  void begin_worker(int worker);
  void add(const TraceSpan& span);
  void commit();

 private:
  void begin_event();
  void write_out();

  AtomicFile file_;
  std::int64_t steps_per_epoch_;
  int worker_ = 0;
  bool first_ = true;
  std::string unwritten_;
};

/// The spans of `marks`, whose times lie after `origin` (both of now_seconds()), in order and in
/// pieces of at most `piece` spans.
void for_spans(std::span<const PhaseMark> marks, double origin, std::size_t piece,
               const std::function<void(std::span<const TraceSpan>)>& visit);

}  // namespace dga
