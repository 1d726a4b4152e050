// SPDX-License-Identifier: Apache-2.0

#include "dga/storage/tensorboard/tensorboard_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "dga/base/error.h"
#include "dga/storage/atomic_file.h"
#include "dga/storage/tensorboard/summary_event.h"
#include "tests/support/error_of.h"
#include "tests/support/scratch_folder.h"

namespace dga {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

/// What the records hold; fails where a length or a checksum is wrong, or half a record is left.
std::vector<std::string> records_in(const std::string& path) {
  std::vector<std::string> found;
  std::string rest = read_file(path);
  while (!rest.empty()) {
    std::uint64_t length = 0;
    std::memcpy(&length, rest.data(), std::min(rest.size(), sizeof(length)));
    const std::string payload = rest.substr(std::min<std::size_t>(rest.size(), 12), length);
    const std::string whole = tf_record(payload);
    EXPECT_EQ(rest.substr(0, whole.size()), whole);
    if (whole.size() > rest.size()) {
      break;
    }
    found.push_back(payload);
    rest.erase(0, whole.size());
  }
  return found;
}

TEST(TensorBoardLog, IsNamedForTheTimeTheHostAndTheProcess) {
  const ScratchFolder folder;
  const TensorBoardLog log(folder.path());
  ASSERT_EQ(folder.names().size(), 1U);
  EXPECT_THAT(folder.names().front(),
              MatchesRegex(str("events\\.out\\.tfevents\\.[0-9]{10}\\..+\\.", getpid(), "\\.dga")));
  EXPECT_EQ(log.path(), folder.file(folder.names().front()));
}

TEST(TensorBoardLog, WritesWholeRecordsAtEachFlush) {
  const ScratchFolder folder;
  TensorBoardLog log(folder.path());
  EXPECT_EQ(records_in(log.path()).size(), 1U);  // the version
  log.scalar("loss", 1, 0.5);
  constexpr std::array kSeconds{0.25, 0.5};
  log.histogram("seconds", 1, kSeconds);
  log.text("options", 0, "| a |\n|---|");
  EXPECT_EQ(records_in(log.path()).size(), 1U);
  log.flush();
  const std::vector<std::string> records = records_in(log.path());
  ASSERT_EQ(records.size(), 4U);
  EXPECT_THAT(records[0], HasSubstr("brain.Event:2"));
  EXPECT_THAT(records[1], HasSubstr("loss"));
  EXPECT_THAT(records[2], HasSubstr("seconds"));
  EXPECT_THAT(records[3], HasSubstr("| a |\n|---|"));
  log.flush();
  EXPECT_EQ(records_in(log.path()).size(), 4U);
}

TEST(TensorBoardLog, TakesBackWhatDoesNotFit) {
  const ScratchFolder folder;
  const pid_t child = fork();
  if (child == 0) {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{200, 200};
    setrlimit(RLIMIT_FSIZE, &limit);
    TensorBoardLog log(folder.path());
    log.scalar("fits", 1, 1);
    log.flush();
    log.text("long", 1, std::string(300, 'x'));
    try {
      log.flush();
    } catch (const StorageError& error) {
      _exit(std::string(error.what()).find("expected room for") == std::string::npos ? 2 : 0);
    }
    _exit(1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(records_in(folder.file(folder.names().front())).size(), 2U);
}

TEST(TensorBoardLog, SaysWhereItCannotWrite) {
  const std::string text =
      test::error_of<StorageError>([] { const TensorBoardLog log("/proc/nowhere"); });
  EXPECT_THAT(text, HasSubstr("[storage] /proc/nowhere/events.out.tfevents."));
  EXPECT_THAT(text, HasSubstr("expected to write the file"));
}

}  // namespace
}  // namespace dga
