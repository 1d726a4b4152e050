// SPDX-License-Identifier: Apache-2.0

#include "dga/base/descriptor.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <functional>

namespace dga {
namespace {

/// Whether `body` returns true in a child process with those of the descriptors 0, 1 and 2 closed
/// that have their bit in `closed`.
bool holds_without(unsigned closed, const std::function<bool()>& body) {
  const pid_t child = fork();
  if (child == 0) {
    for (int descriptor = 0; descriptor < 3; ++descriptor) {
      if ((closed >> descriptor & 1U) != 0) {
        ::close(descriptor);
      }
    }
    _exit(body() ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool is_dev_null(int descriptor) {
  struct stat info {};
  return fstat(descriptor, &info) == 0 && S_ISCHR(info.st_mode) && info.st_rdev == makedev(1, 3);
}

TEST(Descriptor, ClosedStandardOnesAreOpenedOnDevNullAndOthersLeftAlone) {
  for (unsigned closed = 0; closed < 8; ++closed) {
    EXPECT_TRUE(holds_without(closed, [closed] {
      std::array<struct stat, 3> before{};
      for (int descriptor = 0; descriptor < 3; ++descriptor) {
        fstat(descriptor, &before.at(static_cast<std::size_t>(descriptor)));
      }
      open_standard_descriptors();
      bool good = true;
      for (int descriptor = 0; descriptor < 3; ++descriptor) {
        struct stat after {};
        fstat(descriptor, &after);
        const bool was_closed = (closed >> descriptor & 1U) != 0;
        good = good && (was_closed ? is_dev_null(descriptor) && ::write(descriptor, "x", 1) == 1
                                   : after.st_ino ==
                                         before.at(static_cast<std::size_t>(descriptor)).st_ino);
      }
      return good;
    })) << closed;
  }
}

TEST(Descriptor, OfTheLibraryIsNeverAStandardOne) {
  for (unsigned closed = 0; closed < 8; ++closed) {
    EXPECT_TRUE(holds_without(closed, [closed] {
      const int file = above_standard(::open("/dev/zero", O_RDONLY | O_CLOEXEC));
      std::array<int, 2> ends{};
      bool good = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0 &&
                  move_above_standard(ends);
      for (const int descriptor : {file, ends[0], ends[1]}) {
        good = good && descriptor > 2 && (::fcntl(descriptor, F_GETFD) & FD_CLOEXEC) != 0;
      }
      for (int descriptor = 0; descriptor < 3; ++descriptor) {  // closed ones stay closed
        good = good && (::fcntl(descriptor, F_GETFD) < 0) == ((closed >> descriptor & 1U) != 0);
      }
      return good && ::write(ends[0], "x", 1) == 1;
    })) << closed;
  }
}

TEST(Descriptor, AFailedCallStaysOne) {
  errno = 0;
  EXPECT_EQ(above_standard(::open("/nowhere", O_RDONLY | O_CLOEXEC)), -1);
  EXPECT_EQ(errno, ENOENT);
}

}  // namespace
}  // namespace dga
