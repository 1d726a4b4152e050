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
    hosts_ = hosts_in(read_file(path_), path_);
  }
}

bool HostFile::has_changed() {
  if (path_.empty()) {
    return false;
  }
  std::string text;
  std::string wrong;
  std::vector<Host> found = hosts_;
  try {
    text = read_file(path_);
    if (text == last_text_) {
      found = hosts_in(text, path_);
    }
  } catch (const Error& error) {
    wrong = error.what();
  }
  last_text_ = std::move(text);
  if (wrong != complaint_ && !wrong.empty()) {
    log_warning(wrong, " The job goes on on its old hosts.");
  }
  complaint_ = std::move(wrong);
  return std::exchange(hosts_, found) != found;
}

}  // namespace dga
