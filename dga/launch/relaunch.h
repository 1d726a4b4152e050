// SPDX-License-Identifier: Apache-2.0
//
// Relaunch: executing this program again as a worker, where forking it would be unsafe. The seat of
// the new worker travels in the environment variable DGA_WORKER.

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dga/comm/arena/segment.h"

namespace dga {

struct RelaunchSeat {
  int rank = 0;
  int launch_index = 0;
  SegmentHandle node;
  SegmentHandle control;
};

/// This process's seat, if it was executed again as a worker. Throws Error when DGA_WORKER is there
/// and makes no sense.
std::optional<RelaunchSeat> relaunch_seat();

/// Everything that executing the program again needs, prepared before the fork: between fork and
/// exec of a program with threads nothing may allocate.
class RelaunchImage {
 public:
  /// `program`: executed in place of this one, without arguments; empty: this one, with its own.
  RelaunchImage(const RelaunchSeat& seat, const std::string& program);
  /// Replaces this process; ends it with code 127 when that fails.
  [[noreturn]] void execute() const noexcept;

 private:
  std::string path_;
  std::vector<std::string> texts_;
  std::vector<char*> arguments_;
  std::vector<char*> environment_;
};

}  // namespace dga
