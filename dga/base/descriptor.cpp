// SPDX-License-Identifier: Apache-2.0

#include "dga/base/descriptor.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace dga {
namespace {

constexpr int kFirstFree = STDERR_FILENO + 1;

void close_quietly(int descriptor) noexcept {
  const int error = errno;
  ::close(descriptor);
  errno = error;
}

}  // namespace

void open_standard_descriptors() noexcept {
  for (int descriptor = 0; descriptor < kFirstFree; ++descriptor) {
    if (::fcntl(descriptor, F_GETFD) < 0) {
      // The lowest free number is this one, since those below it are open.
      static_cast<void>(::open("/dev/null", O_RDWR));
    }
  }
}

int above_standard(int descriptor) noexcept {
  if (descriptor < 0 || descriptor >= kFirstFree) {
    return descriptor;
  }
  const int moved = ::fcntl(descriptor, F_DUPFD_CLOEXEC, kFirstFree);
  close_quietly(descriptor);
  return moved;
}

bool move_above_standard(std::array<int, 2>& descriptors) noexcept {
  for (int& descriptor : descriptors) {
    descriptor = above_standard(descriptor);
  }
  if (*std::min_element(descriptors.begin(), descriptors.end()) >= 0) {
    return true;
  }
  for (const int descriptor : descriptors) {
    if (descriptor >= 0) {
      close_quietly(descriptor);
    }
  }
  return false;
}

void replace_standard(int standard, int descriptor) noexcept {
  ::dup2(descriptor, standard);
}

}  // namespace dga
