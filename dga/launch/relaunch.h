// SPDX-License-Identifier: Apache-2.0
//
// Relaunch: executes this program again as a worker if forking would be unsafe. The environment
// variable DGA_WORKER passes the new worker's seat to it. Internal to the room.

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dga/comm/arena/segment.h"

namespace dga {

struct RelaunchSeat {
  int rank = 0;
  int launch_index = 0;
  int restarts = 0;
  SegmentHandle node;
  SegmentHandle control;
  SegmentHandle past;  // the text of past_launches, if launch_index is not 0
};

/// This process's seat if dga executed it as a worker, otherwise nothing. Throws Error if
/// DGA_WORKER is set but has no valid value.
std::optional<RelaunchSeat> relaunch_seat();

/// Path, arguments and environment for execve. They are prepared before the fork, because between
/// fork and exec a child of a process with several threads must not allocate.
class RelaunchImage {
 public:
  /// `program` is executed without arguments. If it is empty, this program is executed with its own
  /// arguments.
  RelaunchImage(const RelaunchSeat& seat, const std::string& program);
  /// Replaces this process by the program. If that fails, ends the process with exit code 127.
  [[noreturn]] void execute() const noexcept;

 private:
  std::string path_;
  std::vector<std::string> texts_;
  std::vector<char*> arguments_;
  std::vector<char*> environment_;
};

}  // namespace dga
