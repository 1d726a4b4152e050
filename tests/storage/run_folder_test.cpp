// SPDX-License-Identifier: Apache-2.0

#include "dga/storage/run_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <regex>
#include <string>
#include <vector>

#include "dga/storage/atomic_file.h"
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
using testing::UnorderedElementsAre;

TEST(RunFolder, MakesTheFolderAndItsParents) {
  const ScratchFolder scratch;
  RunFolder folder(scratch.file("a/b"));
  EXPECT_TRUE(std::filesystem::is_directory(scratch.file("a/b")));
  EXPECT_EQ(folder.claim("results.json"), scratch.file("a/b/results.json"));
}

TEST(RunFolder, TakesBackAllItMadeUnlessKept) {
  const ScratchFolder scratch;
  {
    RunFolder folder(scratch.file("a/b"));
    atomic_write(folder.claim(kConfigFile), "{}");
  }
  EXPECT_THAT(scratch.names(), IsEmpty());
}

TEST(RunFolder, StaysOnceKept) {
  const ScratchFolder scratch;
  {
    RunFolder folder(scratch.file("a"));
    atomic_write(folder.claim(kConfigFile), "{}");
    folder.keep();
  }
  EXPECT_TRUE(holds_run(scratch.file("a")));
}

TEST(RunFolder, TakesNothingBackThatIsNotItsOwn) {
  const ScratchFolder scratch;
  atomic_write(scratch.file("notes.txt"), "mine");
  {
    RunFolder folder(scratch.path());
    atomic_write(folder.claim(kConfigFile), "{}");
  }
  EXPECT_THAT(scratch.names(), ElementsAre("notes.txt"));
}

TEST(RunFolder, TakesBackTheEventFilesThatCameAfterIt) {
  const ScratchFolder scratch;
  atomic_write(scratch.file("events.out.tfevents.1700000000.host.7.dga"), "before");
  {
    const RunFolder folder(scratch.path(), RunFolderMode::resume);
    atomic_write(scratch.file("events.out.tfevents.1700000001.host.8.dga"), "after");
  }
  EXPECT_THAT(scratch.names(), ElementsAre("events.out.tfevents.1700000000.host.7.dga"));
}

TEST(RunFolder, EventFilesOfOtherProgramsAreNoRunAndStay) {
  const ScratchFolder scratch;
  // As PyTorch's SummaryWriter, TensorFlow's and Keras's name theirs.
  const std::vector<std::string> others{"events.out.tfevents.1700000000.host",
                                        "events.out.tfevents.1700000000.host.7.0",
                                        "events.out.tfevents.1700000001.host.7.0.v2"};
  for (const std::string& name : others) {
    atomic_write(scratch.file(name), "theirs");
  }
  EXPECT_FALSE(holds_run(scratch.path()));
  {
    const RunFolder folder(scratch.path());
    atomic_write(scratch.file("events.out.tfevents.1700000002.host.7.1"), "theirs, later");
    atomic_write(scratch.file("events.out.tfevents.1700000002.host.8.dga"), "ours");
  }
  EXPECT_THAT(scratch.names(), UnorderedElementsAre(others[0], others[1], others[2],
                                                    "events.out.tfevents.1700000002.host.7.1"));
}

TEST(RunFolder, RefusesAFolderThatHoldsARun) {
  const ScratchFolder scratch;
  for (const std::string_view name :
       {kConfigFile, kMetricsFile, kResultsFile, kModelFile, kModelCardFile, kTraceFile,
        kManifestFile, std::string_view("events.out.tfevents.1700000000.host.7.dga")}) {
    const std::string path = scratch.file("run-with-" + std::string(name));
    std::filesystem::create_directory(path);
    atomic_write(path + "/" + std::string(name), "{}");
    EXPECT_THAT([&] { RunFolder folder(path); },
                ThrowsMessage<StorageError>("[storage] " + path +
                                            ": expected a folder without a run, found the files of "
                                            "one. Choose another folder with --output, or remove "
                                            "that one."));
    EXPECT_TRUE(holds_run(path)) << name;
  }
}

TEST(RunFolder, TakesAFolderThatHoldsARunWhenResuming) {
  const ScratchFolder scratch;
  atomic_write(scratch.file("config.json"), "{}");
  { const RunFolder folder(scratch.path(), RunFolderMode::resume); }
  EXPECT_TRUE(holds_run(scratch.path()));
}

TEST(RunFolder, SweepsWhatAKilledRunLeft) {
  const ScratchFolder scratch;
  atomic_write(scratch.file(".results.json.123-0.dga-tmp"), "half");
  const RunFolder folder(scratch.path());
  EXPECT_THAT(scratch.names(), IsEmpty());
}

TEST(RunFolder, SweepsWhatAKilledRunLeftAlsoWhenItRefuses) {
  const ScratchFolder scratch;
  atomic_write(scratch.file("config.json"), "{}");
  atomic_write(scratch.file(".model.safetensors.123-0.dga-tmp"), "half");
  EXPECT_THROW(RunFolder folder(scratch.path()), StorageError);
  EXPECT_THAT(scratch.names(), ElementsAre("config.json"));
}

TEST(RunFolder, LeavesTheHiddenFilesOfARunThatGoesOn) {
  const ScratchFolder scratch;
  AtomicFile model(scratch.file("model.safetensors"));
  atomic_write(scratch.file("config.json"), "{}");
  EXPECT_THROW(RunFolder folder(scratch.path()), StorageError);
  model.commit();
  EXPECT_THAT(scratch.names(), UnorderedElementsAre("config.json", "model.safetensors"));
}

TEST(RunFolder, RefusesAFileOfThatName) {
  const ScratchFolder scratch;
  atomic_write(scratch.file("x"), "text");
  const std::string text = "[storage] " + scratch.file("x") +
                           ": expected a folder or nothing, found another kind of file. Choose "
                           "another folder.";
  EXPECT_THAT([&] { RunFolder folder(scratch.file("x")); }, ThrowsMessage<StorageError>(text));
  EXPECT_THAT([&] { RunFolder folder(scratch.file("x/y")); }, ThrowsMessage<StorageError>(text));
}

TEST(RunFolder, RefusesAFolderThatCannotBeMade) {
  // Not even root makes folders there.
  EXPECT_THAT([] { RunFolder folder("/proc/dga-run"); },
              ThrowsMessage<StorageError>(
                  "[storage] /proc/dga-run: expected to create the folder, found \"No such "
                  "file or directory\". Check the path."));
}

TEST(RunFolder, RefusesAFullDiskBeforeAnythingStarts) {
  const ScratchFolder scratch;
  if (mount("tmpfs", scratch.path().c_str(), "tmpfs", 0, "size=16k") != 0) {
    GTEST_SKIP() << "making a small disk to fill needs root and the right to mount";
  }
  EXPECT_THAT([&] { RunFolder folder(scratch.file("run")); },
              ThrowsMessage<StorageError>(AllOf(StartsWith("[storage] " + scratch.file("run")),
                                                HasSubstr("\"No space left on device\""),
                                                EndsWith("choose another folder."))));
  EXPECT_THAT(scratch.names(), IsEmpty());
  umount(scratch.path().c_str());
}

TEST(RunFolder, NamesItselfByDateAndTimeAndNumbersThoseOfOneSecond) {
  const ScratchFolder scratch;
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(scratch.path());
  {
    const RunFolder first("");
    const RunFolder second("");
    const std::regex pattern(
        "runs/[0-9]{4}-[0-9]{2}-[0-9]{2}_[0-9]{2}-[0-9]{2}-[0-9]{2}(-[0-9]+)?");
    EXPECT_TRUE(std::regex_match(first.path(), pattern)) << first.path();
    EXPECT_TRUE(std::regex_match(second.path(), pattern)) << second.path();
    EXPECT_NE(first.path(), second.path());
  }
  EXPECT_THAT(scratch.names(), IsEmpty());
  std::filesystem::current_path(before);
}

TEST(RunFolder, IsNotTakenBackByAForkedChild) {
  const ScratchFolder scratch;
  RunFolder folder(scratch.file("a"));
  const pid_t child = fork();
  if (child == 0) {
    folder.~RunFolder();
    _exit(0);
  }
  waitpid(child, nullptr, 0);
  EXPECT_TRUE(std::filesystem::is_directory(scratch.file("a")));
}

}  // namespace
}  // namespace dga
