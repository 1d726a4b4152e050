// SPDX-License-Identifier: Apache-2.0
//
// AppendLog: a text file to which whole lines are appended.

#pragma once

#include <string>
#include <string_view>

#include "dga/storage/appended_file.h"

namespace dga {

/// Each line is at the end of the file, and survives a crash, when append() returns. If an append
/// fails, it leaves no part of the line; if a kill does, the next AppendLog of the file removes it.
/// One writer at a time. All members throw StorageError.
class AppendLog {
 public:
  /// Opens or creates `path`, a plain path or a URI. Cuts off an incomplete last line.
  explicit AppendLog(std::string path);

  /// Appends `line` and a newline. Throws InvalidArgument if `line` contains a newline.
  void append(std::string_view line);
  /// The sum of the whole file, of the lines as they were appended.
  ContentSum written() const { return file_.written(); }

 private:
  std::string path_;
  AppendedFile file_;
};

}  // namespace dga
