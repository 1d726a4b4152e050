// SPDX-License-Identifier: Apache-2.0

#include "dga/storage/atomic_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <string>

#include "dga/base/random.h"
#include "dga/storage/local/local_file_writer.h"
#include "tests/support/scratch_folder.h"

namespace dga {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;
using testing::ThrowsMessage;

TEST(AtomicWrite, WritesAllBytesAndNothingElse) {
  const ScratchFolder folder;
  const std::string bytes("a\0b\n", 4);
  atomic_write(folder.file("x"), bytes);
  EXPECT_EQ(read_file(folder.file("x")), bytes);
  EXPECT_THAT(folder.names(), ElementsAre("x"));
}

TEST(AtomicWrite, ReplacesWhatWasThere) {
  const ScratchFolder folder;
  atomic_write(folder.file("x"), "a long first text");
  atomic_write(folder.file("x"), "second");
  EXPECT_EQ(read_file(folder.file("x")), "second");
}

TEST(AtomicWrite, FollowsALink) {
  const ScratchFolder folder;
  const ScratchFolder other;
  other.write("target", "old");
  for (const char* target : {"target", "new"}) {
    const std::string link = folder.file(str("link to ", target));
    std::filesystem::create_symlink(other.file(target), link);
    atomic_write(link, "text");
    EXPECT_TRUE(std::filesystem::is_symlink(link));
    EXPECT_EQ(read_file(other.file(target)), "text");
  }
  EXPECT_THAT(other.names(), testing::UnorderedElementsAre("new", "target"));
}

TEST(AtomicWrite, DoesNotReplaceWhatIsNoFile) {
  const ScratchFolder folder;
  const std::string pipe = folder.file("pipe");
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  const std::string link = folder.file("null");
  std::filesystem::create_symlink("/dev/null", link);
  for (const std::string& path : {pipe, link}) {
    EXPECT_THAT([&] { atomic_write(path, "text"); },
                ThrowsMessage<StorageError>(
                    str("[storage] ", path,
                        ": expected a file to write or nothing, found a device, a pipe or a "
                        "socket. Name a file.")));
  }
  EXPECT_THAT(folder.names(), testing::UnorderedElementsAre("null", "pipe"));
}

TEST(AtomicFile, LeavesTheOldFileAloneWithoutACommit) {
  const ScratchFolder folder;
  atomic_write(folder.file("x"), "old");
  {
    AtomicFile file(folder.file("x"));
    file.append("new");
  }
  EXPECT_EQ(read_file(folder.file("x")), "old");
  EXPECT_THAT(folder.names(), ElementsAre("x"));
}

TEST(AtomicFile, TakesOneCommitOnly) {
  const ScratchFolder folder;
  AtomicFile file(folder.file("x"));
  file.commit();
  EXPECT_THROW(file.commit(), InvalidArgument);
}

TEST(AtomicWrite, NamesThePathThatIsNotThere) {
  const ScratchFolder folder;
  const std::string path = folder.file("none/x");
  EXPECT_THAT([&] { atomic_write(path, "text"); },
              ThrowsMessage<StorageError>("[storage] " + path +
                                          ": expected to write the file, found \"No such "
                                          "file or directory\". Check the path."));
}

TEST(ReadFile, NamesThePathThatIsNotThere) {
  EXPECT_THAT([] { read_file("/nowhere/x"); },
              ThrowsMessage<StorageError>("[storage] /nowhere/x: expected a readable file, found "
                                          "\"No such file or directory\". Check the path."));
}

TEST(ReadFile, RefusesAFolder) {
  const ScratchFolder folder;
  EXPECT_THAT([&] { read_file(folder.path()); },
              ThrowsMessage<StorageError>(HasSubstr("Is a directory")));
}

// A limit on file sizes fails a write in the middle, as a full disk does, and needs no root.
TEST(AtomicWrite, LeavesTheOldFileWhenTheNewOneDoesNotFit) {
  const ScratchFolder folder;
  const std::string path = folder.file("x");
  atomic_write(path, "old");
  const pid_t child = fork();
  if (child == 0) {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{10000, 10000};
    setrlimit(RLIMIT_FSIZE, &limit);
    try {
      atomic_write(path, std::string(100000, 'n'));
    } catch (const StorageError& error) {
      const std::string expected = "[storage] " + path +
                                   ": expected room for 100000 bytes, found \"File too large\". "
                                   "Raise the limit on file sizes "
                                   "(ulimit -f), or choose another folder.";
      _exit(error.what() == expected ? 0 : 1);
    }
    _exit(2);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(read_file(path), "old");
  EXPECT_THAT(folder.names(), ElementsAre("x"));
}

TEST(AtomicWrite, SaysThatTheDiskIsFullAndLeavesNothing) {
  const ScratchFolder folder;
  if (mount("tmpfs", folder.path().c_str(), "tmpfs", 0, "size=64k") != 0) {
    GTEST_SKIP() << "making a small disk to fill needs root and the right to mount";
  }
  EXPECT_THAT([&] { atomic_write(folder.file("x"), std::string(200000, 'n')); },
              ThrowsMessage<StorageError>(
                  AllOf(StartsWith("[storage] " + folder.file("x") + ": expected room for"),
                        EndsWith("found \"No space left on device\". Free some disk space, or "
                                 "choose another folder."))));
  EXPECT_THAT(folder.names(), IsEmpty());
  umount(folder.path().c_str());
}

/// Every version is one letter, as often as the letter's place in the alphabet says.
std::string version_text(int version) {
  return std::string(static_cast<std::size_t>(version % 26 + 1) * 20000,
                     static_cast<char>('a' + version % 26));
}

TEST(AtomicWrite, SurvivesAKillAtAnyMoment) {
  const ScratchFolder folder;
  const std::string path = folder.file("x");
  atomic_write(path, version_text(0));
  RandomStream random(stream_key(7, "kill"));
  std::map<char, int> seen;
  for (int round = 0; round < 60; ++round) {
    const pid_t child = fork();
    if (child == 0) {
      for (int version = round;; ++version) {
        atomic_write(path, version_text(version));
      }
    }
    usleep(static_cast<useconds_t>(random.below(8000)));
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    const std::string text = read_file(path);
    ASSERT_FALSE(text.empty());
    ASSERT_EQ(text, version_text(text[0] - 'a')) << "round " << round;
    ++seen[text[0]];
  }
  // Otherwise every child was killed before it had written anything.
  EXPECT_GT(seen.size(), 3U);
  remove_abandoned_files(folder.path());
  EXPECT_THAT(folder.names(), ElementsAre("x"));
}

/// A child that has an uncommitted file "x" in `folder`, and sleeps.
pid_t child_with_a_file(const ScratchFolder& folder) {
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    const AtomicFile file(folder.file("x"));
    const bool told = ::write(ends[1], "!", 1) == 1;
    sleep(60);
    _exit(told ? 0 : 1);
  }
  char told = 0;
  EXPECT_EQ(::read(ends[0], &told, 1), 1);
  ::close(ends[0]);
  ::close(ends[1]);
  return child;
}

TEST(AtomicFile, OfALivingProcessIsNotAbandonedAndOfAKilledOneIs) {
  const ScratchFolder folder;
  const pid_t child = child_with_a_file(folder);
  const AtomicFile own(folder.file("y"));
  remove_abandoned_files(folder.path());
  EXPECT_EQ(folder.names().size(), 2U);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  remove_abandoned_files(folder.path());
  EXPECT_THAT(folder.names(), ElementsAre(StartsWith(".y.")));
}

TEST(AtomicFile, OthersWithLikeNamesAreNotAbandonedFiles) {
  const ScratchFolder folder;
  for (const char* name : {"x.dga-tmp", ".x.tmp", ".dga-tmp.x"}) {
    atomic_write(folder.file(name), "mine");
  }
  std::filesystem::create_directory(folder.file(".d.dga-tmp"));
  remove_abandoned_files(folder.path());
  EXPECT_EQ(folder.names().size(), 4U);
}

TEST(AtomicWrite, KeepsWhatItReportedThroughAKill) {
  const ScratchFolder folder;
  RandomStream random(stream_key(8, "kill"));
  for (int round = 0; round < 20; ++round) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const pid_t child = fork();
    if (child == 0) {
      for (int version = 0;; ++version) {
        atomic_write(folder.file("x"), std::to_string(version));
        if (::write(ends[1], &version, sizeof version) < 0) {
          _exit(1);
        }
      }
    }
    ::close(ends[1]);
    usleep(static_cast<useconds_t>(2000 + random.below(5000)));
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    int reported = -1;
    while (::read(ends[0], &reported, sizeof reported) > 0) {
    }
    ::close(ends[0]);
    if (reported >= 0) {
      EXPECT_GE(std::stoi(read_file(folder.file("x"))), reported);
    }
  }
}

}  // namespace
}  // namespace dga
