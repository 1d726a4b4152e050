// SPDX-License-Identifier: Apache-2.0
//
// AppendLog: a text file to which whole lines are appended.

#pragma once

#include <string>
#include <string_view>

#include "dga/storage/file_handle.h"

namespace dga {

/// Each line is one write(2) at the end of the file, and it is on disk when append() returns. If a
/// full disk leaves part of a line, append() removes it; if a kill does, the next AppendLog of the
/// file removes it. One writer at a time. All members throw StorageError.
class AppendLog {
 public:
  /// Opens or creates `path`. Cuts off an incomplete last line.
  explicit AppendLog(std::string path);

  /// Appends `line` and a newline. Throws InvalidArgument if `line` contains a newline.
  void append(std::string_view line);

 private:
  std::string path_;
  FileHandle file_;
};

}  // namespace dga
