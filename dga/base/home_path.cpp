// SPDX-License-Identifier: Apache-2.0

#include "dga/base/home_path.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <vector>

namespace dga {
namespace {

/// The home folder of `user`, or of the current user if that is empty; "" if there is none.
std::string home_of(const std::string& user) {
  const char* variable = std::getenv("HOME");
  if (user.empty() && variable != nullptr && *variable != '\0') {
    return variable;
  }
  passwd entry{};
  passwd* found = nullptr;
  std::vector<char> memory(std::size_t{16} << 10);
  const auto look_up = [&] {
    return user.empty() ? getpwuid_r(getuid(), &entry, memory.data(), memory.size(), &found)
                        : getpwnam_r(user.c_str(), &entry, memory.data(), memory.size(), &found);
  };
  while (look_up() == ERANGE) {
    memory.resize(2 * memory.size());
  }
  return found == nullptr || found->pw_dir == nullptr ? "" : found->pw_dir;
}

}  // namespace

std::string expand_home(const std::string& path) {
  if (!path.starts_with('~')) {
    return path;
  }
  const std::size_t end = std::min(path.find('/'), path.size());
  const std::string home = home_of(path.substr(1, end - 1));
  return home.empty() ? path : home + path.substr(end);
}

}  // namespace dga
