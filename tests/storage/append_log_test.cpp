// SPDX-License-Identifier: Apache-2.0

#include "dga/storage/append_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>

#include "dga/base/random.h"
#include "dga/storage/atomic_file.h"
#include "tests/support/scratch_folder.h"

namespace dga {
namespace {

void write_plainly(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

TEST(AppendLog, AppendsLinesAcrossReopening) {
  const ScratchFolder folder;
  AppendLog(folder.file("log")).append("one");
  AppendLog(folder.file("log")).append("two");
  EXPECT_EQ(read_file(folder.file("log")), "one\ntwo\n");
}

TEST(AppendLog, CutsHalfALineOffWhenOpened) {
  const ScratchFolder folder;
  write_plainly(folder.file("log"), "one\ntwo\nthr");
  AppendLog(folder.file("log")).append("three");
  EXPECT_EQ(read_file(folder.file("log")), "one\ntwo\nthree\n");
}

TEST(AppendLog, CutsOffAFirstLineThatIsHalf) {
  const ScratchFolder folder;
  write_plainly(folder.file("log"), "on");
  const AppendLog log(folder.file("log"));
  EXPECT_EQ(read_file(folder.file("log")), "");
}

TEST(AppendLog, CutsOffHalfALineThatIsLongerThanABuffer) {
  const ScratchFolder folder;
  for (const std::size_t length : {4095U, 4096U, 4097U, 20000U}) {
    write_plainly(folder.file("log"), "one\n" + std::string(length, 'x'));
    const AppendLog log(folder.file("log"));
    EXPECT_EQ(read_file(folder.file("log")), "one\n") << length;
  }
}

TEST(AppendLog, RefusesALineWithANewline) {
  const ScratchFolder folder;
  AppendLog log(folder.file("log"));
  EXPECT_THROW(log.append("one\ntwo"), InvalidArgument);
  EXPECT_EQ(read_file(folder.file("log")), "");
}

TEST(AppendLog, TakesBackALineThatDoesNotFit) {
  const ScratchFolder folder;
  const pid_t child = fork();
  if (child == 0) {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{100, 100};
    setrlimit(RLIMIT_FSIZE, &limit);
    AppendLog log(folder.file("log"));
    log.append("fits");
    try {
      log.append(std::string(200, 'x'));
    } catch (const StorageError&) {
      _exit(0);
    }
    _exit(1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(read_file(folder.file("log")), "fits\n");
}

TEST(AppendLog, KeepsEveryReportedLineThroughAKill) {
  const ScratchFolder folder;
  const std::string path = folder.file("log");
  RandomStream random(stream_key(9, "kill"));
  std::int64_t lines = 0;
  for (int round = 0; round < 20; ++round) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const pid_t child = fork();
    if (child == 0) {
      AppendLog log(path);
      while (true) {
        log.append(std::string(500, 'x'));
        if (::write(ends[1], "+", 1) < 0) {
          _exit(1);
        }
      }
    }
    ::close(ends[1]);
    usleep(static_cast<useconds_t>(random.below(5000)));
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    char mark = 0;
    while (::read(ends[0], &mark, 1) > 0) {
      ++lines;
    }
    ::close(ends[0]);
    AppendLog reopened(path);
    const std::string text = read_file(path);
    EXPECT_EQ(text.size() % 501, 0U);
    // One more line may be there whose report the kill cut off.
    EXPECT_GE(std::count(text.begin(), text.end(), '\n'), lines);
    lines = std::count(text.begin(), text.end(), '\n');
  }
  EXPECT_GT(lines, 0);
}

}  // namespace
}  // namespace dga
