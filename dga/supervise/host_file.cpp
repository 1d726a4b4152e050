// SPDX-License-Identifier: Apache-2.0

#include "dga/supervise/host_file.h"

#include <utility>

#include "dga/base/error.h"
#include "dga/base/log.h"
#include "dga/storage/atomic_file.h"

namespace dga {

HostFile::HostFile(std::string path) : path_(std::move(path)) {}

void HostFile::read() {
  if (!path_.empty()) {
    std::string text = read_file(path_);
    hosts_ = hosts_in(text, path_);
    text_ = std::move(text);
  }
}

bool HostFile::has_changed() {
  const std::vector<Host> before = hosts_;
  try {
    read();
    complaint_.clear();
  } catch (const Error& error) {
    if (std::exchange(complaint_, error.what()) != error.what()) {
      log_warning(error.what(), " The job goes on on its old hosts.");
    }
  }
  return hosts_ != before;
}

}  // namespace dga
