// SPDX-License-Identifier: Apache-2.0
//
// TensorBoardLog: a file of events for `tensorboard --logdir`.

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "dga/storage/file_handle.h"

namespace dga {

/// The file is events.out.tfevents.SECONDS.HOST.PID.dga in the folder, a new one for each log. What
/// was added goes there with flush(), all in one write(2), and lies on the disk when it returns. A
/// kill in between can leave one cut record at the end, which TensorBoard passes over; a disk that
/// is full leaves none. What was not flushed is lost with the log. Used by one thread. Throws
/// StorageError.
class TensorBoardLog {
 public:
  explicit TensorBoardLog(const std::string& folder);

  const std::string& path() const noexcept { return path_; }

  /// TensorBoard shows f32.
  void scalar(std::string_view tag, std::int64_t step, double value);
  /// How `values` are spread; those that are not finite do not count.
  void histogram(std::string_view tag, std::int64_t step, std::span<const double> values);
  void text(std::string_view tag, std::int64_t step, std::string_view markdown);
  void flush();

 private:
  std::string path_;
  FileHandle file_;
  std::string unwritten_;
};

}  // namespace dga
