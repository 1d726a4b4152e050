// SPDX-License-Identifier: Apache-2.0
//
// What happens to local files while they are used. tests/hdfs has the same for HDFS.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <thread>

#include "dga/base/random.h"
#include "dga/storage/append_log.h"
#include "dga/storage/atomic_file.h"
#include "dga/storage/store_path.h"
#include "tests/support/error_of.h"
#include "tests/support/scratch_folder.h"

namespace dga {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kChanged =
    ": expected the file as it was when it was opened, found that it has changed. Do not change "
    "the file while it is read.";

/// The error of a read of the last bytes of an open file of 1000 bytes after `change`, without what
/// comes before the path.
std::string error_of_read_after(const std::function<void(const std::string& path)>& change) {
  const ScratchFolder folder;
  const std::string path = folder.write("a", std::string(1000, 'x'));
  const SourcePtr file = StorePath(path).open();
  std::string part(500, '\0');
  file->read(0, part);
  // A file system may count time in steps of some milliseconds.
  const auto later = std::filesystem::last_write_time(path) + std::chrono::seconds(1);
  change(path);
  if (std::error_code error; std::filesystem::exists(path, error)) {
    std::filesystem::last_write_time(path, later);
  }
  const std::string text = test::error_of<StorageError>([&] { file->read(500, part); });
  return text.substr(std::min(text.size(), text.find(path) + path.size()));
}

TEST(LocalFaults, AFileThatChangesUnderItsReaderIsRefused) {
  EXPECT_EQ(error_of_read_after([](const std::string& path) {
              std::fstream(path, std::ios::in | std::ios::out) << "changed";
            }),
            kChanged);
  EXPECT_EQ(error_of_read_after(
                [](const std::string& path) { std::ofstream(path, std::ios::app) << "more"; }),
            kChanged);
  EXPECT_EQ(error_of_read_after([](const std::string& path) {
              std::ofstream(path + "2") << std::string(1000, 'y');
              std::filesystem::rename(path + "2", path);
            }),
            kChanged);
}

TEST(LocalFaults, AFileThatIsCutOrRemovedUnderItsReaderIsRefused) {
  EXPECT_EQ(
      error_of_read_after([](const std::string& path) { std::filesystem::resize_file(path, 700); }),
      ": expected 1000 bytes, found fewer while reading. Do not change the file while it is "
      "read.");
  EXPECT_THAT(error_of_read_after([](const std::string& path) { std::filesystem::remove(path); }),
              HasSubstr("expected a readable file, found \"No such file or directory\""));
}

TEST(LocalFaults, LinksInACircleAreNamed) {
  const ScratchFolder folder;
  std::filesystem::create_symlink(folder.file("b"), folder.file("a"));
  std::filesystem::create_symlink(folder.file("a"), folder.file("b"));
  EXPECT_THAT(test::error_of<StorageError>([&] { StorePath(folder.file("a")).open(); }),
              HasSubstr("a: expected a regular file, found a link to"));
  EXPECT_THAT(test::error_of<StorageError>([&] { StorePath(folder.file("a/x")).list(); }),
              HasSubstr("Too many levels of symbolic links"));
  EXPECT_THAT(test::error_of<StorageError>([&] { AtomicFile(folder.file("a/x")); }),
              HasSubstr("Too many levels of symbolic links"));
}

TEST(LocalFaults, AFolderThatCannotBeWrittenIsNamed) {
  const ScratchFolder folder;
  const bool root = geteuid() == 0;  // whom no mode stops
  if (root && mount("tmpfs", folder.path().c_str(), "tmpfs", MS_RDONLY, "size=64k") != 0) {
    GTEST_SKIP() << "mounting a folder that root cannot write needs the right to mount";
  }
  chmod(folder.path().c_str(), 0555);
  const std::string text =
      test::error_of<StorageError>([&] { atomic_write(folder.file("a"), "text"); });
  chmod(folder.path().c_str(), 0755);
  if (root) {
    EXPECT_EQ(umount(folder.path().c_str()), 0);
  }
  EXPECT_THAT(text, HasSubstr(root ? "Read-only file system" : "Permission denied"));
  EXPECT_THAT(folder.names(), IsEmpty());
}

TEST(LocalFaults, ADiskThatFillsUpUnderTheWriterLeavesTheOldFile) {
  const ScratchFolder folder;
  if (mount("tmpfs", folder.path().c_str(), "tmpfs", 0, "size=256k") != 0) {
    GTEST_SKIP() << "making a small disk to fill needs the right to mount";
  }
  RandomStream stream(stream_key(5, "full disk"));
  atomic_write(folder.file("a"), "old");
  int full = 0;
  for (int i = 0; i < 20; ++i) {
    const std::string text(stream.below(400'000), 'x');
    const std::string before = read_file(folder.file("a"));
    try {
      AtomicFile file(folder.file("a"));
      for (std::size_t at = 0; at < text.size(); at += 10'000) {
        file.append(std::string_view(text).substr(at, 10'000));
      }
      file.commit();
      EXPECT_EQ(read_file(folder.file("a")), text);
    } catch (const StorageError& error) {
      ++full;
      EXPECT_THAT(error.what(), HasSubstr("No space left on device"));
      EXPECT_EQ(read_file(folder.file("a")), before);
    }
    EXPECT_EQ(folder.names().size(), 1U);
  }
  EXPECT_GT(full, 3);
  EXPECT_EQ(umount(folder.path().c_str()), 0);
}

/// Appends to a file, a page at a time, while `other` runs. Returns the text of an error.
std::string error_of_appending_during(const std::string& path, const std::function<void()>& other) {
  std::atomic<bool> done = false;  // relaxed: nothing else is handed over by it
  std::string error;
  std::thread appending([&] {
    try {
      while (!done.load(std::memory_order_relaxed)) {
        AppendLog(path).append(std::string(4096, 'x'));
        StorePath(path).truncate(0);
      }
    } catch (const StorageError& failure) {
      error = failure.what();
    }
  });
  other();
  done.store(true, std::memory_order_relaxed);
  appending.join();
  return error;
}

TEST(LocalFaults, AReservationThatDoesNotFitLeavesTheRoomToOthers) {
  const ScratchFolder folder;
  if (mount("tmpfs", folder.path().c_str(), "tmpfs", 0, "size=8m") != 0) {
    GTEST_SKIP() << "making a small disk to fill needs the right to mount";
  }
  atomic_write(folder.file("other"), std::string(4 << 20, 'x'));
  const std::string error = error_of_appending_during(folder.file("log"), [&] {
    for (int i = 0; i < 500; ++i) {
      AtomicFile file(folder.file("a"));
      EXPECT_THAT(test::error_of<StorageError>([&] { file.reserve(6 << 20); }),
                  HasSubstr("a: expected room for 6291456 bytes, found \"No space left on "
                            "device\". Free some disk space"));
    }
  });
  EXPECT_EQ(error, "");
  EXPECT_EQ(umount(folder.path().c_str()), 0);
}

}  // namespace
}  // namespace dga
