// SPDX-License-Identifier: Apache-2.0
//
// SharedOutcome: what the caller of a run and its worker 0 tell each other. The two may be separate
// processes: worker 0 may be forked or executed again.

#pragma once

#include <string>

#include "dga/comm/arena/segment.h"
#include "dga/launch/launch_options.h"

namespace dga {

enum class RunStatus {
  unknown,    ///< worker 0 has not reported an end
  done,       ///< all steps were taken and all files written
  stopped,    ///< stopped by a signal; the files are those of the finished epochs
  preempted,  ///< the same, and there is a checkpoint
  failed,     ///< a file could not be written
  refused,    ///< more memory would be needed than a node has; nothing was written
};

/// The caller makes it before its launch. The launch orders the writes and reads of both sides.
class SharedOutcome {
 public:
  /// Creates the shared memory. A process that was executed again as a worker attaches to that of
  /// its caller; it throws Error when it finds none.
  explicit SharedOutcome(Engine engine);
  ~SharedOutcome();
  SharedOutcome(const SharedOutcome&) = delete;
  SharedOutcome& operator=(const SharedOutcome&) = delete;

  /// Called by the caller: the time at which the run started (clock.h) and its folder. Throws
  /// InvalidArgument for a path of 4096 characters or more.
  void begin(double started, const std::string& folder);
  double started() const noexcept;
  std::string folder() const;

  /// Called by worker 0. `text`: the error, unless done.
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
