// SPDX-License-Identifier: Apache-2.0
//
// TensorBoardLog: writes an event file for `tensorboard --logdir`.

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "dga/storage/appended_file.h"

namespace dga {

/// The file is events.out.tfevents.SECONDS.HOST.PID.dga in the folder. Two logs of one process
/// append to the same file if they are created within the same second. flush() appends the events
/// added since the last flush, and they survive a crash when it returns. Events that were not
/// flushed are lost with the object. A kill during flush() can leave an incomplete last record,
/// which TensorBoard ignores; a full disk leaves none. Not thread-safe. Throws StorageError.
class TensorBoardLog {
 public:
  explicit TensorBoardLog(const std::string& folder);

  const std::string& path() const noexcept { return path_; }

  /// `value` is rounded to f32.
  void scalar(std::string_view tag, std::int64_t step, double value);
  /// The distribution of `values`. Values that are not finite are ignored.
  void histogram(std::string_view tag, std::int64_t step, std::span<const double> values);
  void text(std::string_view tag, std::int64_t step, std::string_view markdown);
  void flush();
  /// The sum of the file, of the events as they were flushed.
  ContentSum written() const { return file_.written(); }

 private:
  std::string path_;
  AppendedFile file_;
  std::string unwritten_;
};

}  // namespace dga
