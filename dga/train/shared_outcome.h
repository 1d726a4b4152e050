// SPDX-License-Identifier: Apache-2.0
//
// SharedOutcome: what the process that called a run and its worker 0 tell each other, where they
// may be two processes: forked, or executed again.

#pragma once

#include <string>

#include "dga/comm/arena/segment.h"
#include "dga/launch/launch_options.h"

namespace dga {

enum class RunStatus {
  unknown,  ///< no worker came to an end
  done,     ///< all steps were taken and all files written
  stopped,  ///< by a signal
  failed,   ///< the files could not be written
};

/// Made by the caller before its launch; the launch orders what the two write and read.
class SharedOutcome {
 public:
  /// Begins a report, or, in a process that was executed again as a worker, finds its caller's.
  explicit SharedOutcome(Engine engine);
  ~SharedOutcome();
  SharedOutcome(const SharedOutcome&) = delete;
  SharedOutcome& operator=(const SharedOutcome&) = delete;

  // The caller's word: when the run began (clock.h) and where its files go.
  void begin(double started, const std::string& folder);
  double started() const noexcept;
  std::string folder() const;

  // Worker 0's word. `text`: of the error, for stopped and failed.
  void end(RunStatus status, const std::string& text);
  RunStatus status() const noexcept;
  std::string text() const;

 private:
  struct Page;
  Page& page() const noexcept;

  Segment memory_;
  bool announced_ = false;
};

}  // namespace dga
