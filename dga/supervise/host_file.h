// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>
#include <vector>

#include "dga/supervise/hosts.h"

namespace dga {

/// A host file that may change while a job runs.
class HostFile {
 public:
  /// `path`: a path or URI; empty: no file, and no hosts.
  explicit HostFile(std::string path);

  /// Throws StorageError if the file cannot be read, InvalidArgument for another text.
  void read();
  /// Reads it again. Returns whether its hosts are others, once two calls have read the same text:
  /// it may be half written. A file that cannot be used is named once in a warning, and the hosts
  /// stay.
  bool has_changed();
  const std::vector<Host>& hosts() const noexcept { return hosts_; }

 private:
  std::string path_;
  std::string last_text_;  // of the last call of has_changed
  std::string complaint_;
  std::vector<Host> hosts_;
};

}  // namespace dga
