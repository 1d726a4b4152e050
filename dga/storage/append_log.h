// SPDX-License-Identifier: Apache-2.0
//
// AppendLog: a text file that grows by whole lines.

#pragma once

#include <string>
#include <string_view>

#include "dga/storage/file_handle.h"

namespace dga {

/// Readers never see half a line that stays: a line is one write(2) at the end of the file, and
/// what a kill or a full disk left of one is cut off, at once or when the log is opened again. A
/// line lies on the disk when append() returns. One writer at a time. Throws StorageError.
class AppendLog {
 public:
  /// Opens or creates `path`.
  explicit AppendLog(std::string path);

  /// `line` comes without its newline, and contains none.
  void append(std::string_view line);

 private:
  std::string path_;
  FileHandle file_;
};

}  // namespace dga
