// SPDX-License-Identifier: Apache-2.0

#include "dga/launch/relaunch.h"

#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string_view>

#include "dga/base/error.h"

extern char** environ;

namespace dga {
namespace {

constexpr std::string_view kVariable = "DGA_WORKER";

}  // namespace

std::optional<RelaunchSeat> relaunch_seat() {
  const char* text = std::getenv(kVariable.data());
  if (text == nullptr) {
    return std::nullopt;
  }
  RelaunchSeat seat;
  std::istringstream in(text);
  in >> seat.rank >> seat.launch_index >> seat.restarts;
  for (SegmentHandle* handle : {&seat.node, &seat.control, &seat.past}) {
    in >> handle->id >> handle->bytes >> handle->owner >> handle->fd;
  }
  if (!in) {
    throw Error(str("[launch] ", kVariable,
                    ": expected the value that dga sets for a worker "
                    "process, found '",
                    text, "'. Unset the variable."));
  }
  return seat;
}

RelaunchImage::RelaunchImage(const RelaunchSeat& seat, const std::string& program)
    : path_(program.empty() ? "/proc/self/exe" : program) {
  if (program.empty()) {
    std::ifstream file("/proc/self/cmdline", std::ios::binary);
    for (std::string argument; std::getline(file, argument, '\0');) {
      texts_.push_back(argument);
    }
  } else {
    texts_.push_back(program);
  }
  const std::size_t num_arguments = texts_.size();
  for (char** entry = environ; *entry != nullptr; ++entry) {
    if (std::string_view(*entry).substr(0, kVariable.size() + 1) != str(kVariable, "=")) {
      texts_.emplace_back(*entry);
    }
  }
  std::string variable = str(kVariable, "=", seat.rank, " ", seat.launch_index, " ", seat.restarts);
  for (const SegmentHandle* handle : {&seat.node, &seat.control, &seat.past}) {
    variable += str(" ", handle->id, " ", handle->bytes, " ", handle->owner, " ", handle->fd);
  }
  texts_.push_back(variable);
  // Pointers are taken only now, because a growing vector moves its strings.
  for (std::size_t i = 0; i < texts_.size(); ++i) {
    (i < num_arguments ? arguments_ : environment_).push_back(texts_[i].data());
  }
  arguments_.push_back(nullptr);
  environment_.push_back(nullptr);
}

void RelaunchImage::execute() const noexcept {
  execve(path_.c_str(), arguments_.data(), environment_.data());
  _exit(127);
}

}  // namespace dga
