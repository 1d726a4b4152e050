// SPDX-License-Identifier: Apache-2.0
//
// What every store promises. On this machine's disk, and on the store that DGA_TEST_STORE names:
// tests/hdfs sets it to a folder of an HDFS.

#include "dga/storage/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "dga/base/error.h"
#include "dga/base/random.h"
#include "dga/storage/append_log.h"
#include "dga/storage/atomic_file.h"
#include "dga/storage/checked_folder.h"
#include "dga/storage/file_tree.h"
#include "dga/storage/run_folder.h"
#include "dga/storage/safetensors.h"
#include "dga/storage/store_path.h"
#include "tests/support/error_of.h"
#include "tests/support/scratch_folder.h"

namespace dga::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

/// Where a parameter of the suite is; "" stands for a scratch folder of this machine.
std::vector<std::string> stores() {
  std::vector<std::string> all{""};
  if (const char* more = std::getenv("DGA_TEST_STORE"); more != nullptr && *more != '\0') {
    all.emplace_back(more);
  }
  return all;
}

std::string noise(std::size_t bytes, std::int64_t seed) {
  RandomStream random(stream_key(static_cast<std::uint64_t>(seed), "noise"));
  std::string text(bytes, '\0');
  for (std::size_t i = 0; i < bytes; i += 8) {
    const std::uint64_t word = random.below(~std::uint64_t{0});
    std::memcpy(text.data() + i, &word, std::min<std::size_t>(8, bytes - i));
  }
  return text;
}

/// Each test has an empty folder.
class StoreContract : public testing::TestWithParam<std::string> {
 protected:
  StoreContract()
      : root_(GetParam().empty()
                  ? scratch_.path()
                  : path_in(GetParam(),
                            testing::UnitTest::GetInstance()->current_test_info()->name())) {
    remove_in_store();
    make_folders(root_);
  }
  ~StoreContract() override { remove_in_store(); }

  StorePath at(std::string_view name) const { return root_ / name; }
  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const Entry& entry : root_.list()) {
      all.push_back(entry.name);
    }
    return all;
  }
  std::string contents(std::string_view name) const { return read_file(at(name).text()); }
  void write(std::string_view name, std::string_view text) const {
    atomic_write(at(name).text(), text);
  }

  void remove_in_store() const {
    if (!GetParam().empty()) {
      remove_tree(root_);
    }
  }

  ScratchFolder scratch_;
  StorePath root_;
};

INSTANTIATE_TEST_SUITE_P(Stores, StoreContract, testing::ValuesIn(stores()),
                         [](const auto& store) { return store.param.empty() ? "Local" : "Named"; });

TEST_P(StoreContract, FilesAppearWithTheCommitAndReplaceOthers) {
  write("a", "old");
  {
    AtomicFile file(at("a").text());
    file.reserve(3);
    file.append("new");
    EXPECT_EQ(contents("a"), "old");
  }
  EXPECT_EQ(contents("a"), "old");
  EXPECT_THAT(names(), ElementsAre("a"));
  AtomicFile file(at("a").text());
  file.append("ne");
  file.append("w");
  file.commit();
  EXPECT_EQ(contents("a"), "new");
  EXPECT_THAT(names(), ElementsAre("a"));
}

TEST_P(StoreContract, EmptyFilesAndOddNamesAreFine) {
  const std::vector<std::string> odd{"#x", "a b+c%20&d=e?f", "ä€", "z\"'\\"};
  for (const std::string& name : odd) {
    write(name, "");
    EXPECT_EQ(at(name).status()->size, 0) << name;
    EXPECT_EQ(contents(name), "") << name;
  }
  std::vector<std::string> found = names();
  EXPECT_THAT(found, testing::ElementsAreArray(
                         {std::string("#x"), odd[1], std::string("z\"'\\"), std::string("ä€")}));
  for (const std::string& name : odd) {
    EXPECT_TRUE(at(name).remove()) << name;
    EXPECT_FALSE(at(name).remove()) << name;
  }
  EXPECT_THAT(names(), IsEmpty());
}

TEST_P(StoreContract, LongFilesComeBackByteForByteInAnyRange) {
  constexpr std::size_t kBytes = (std::size_t{140} << 20) + 12'345;  // more than a part of a writer
  const std::string bytes = noise(kBytes, 1);
  write("long", bytes);
  EXPECT_EQ(at("long").status()->size, static_cast<std::int64_t>(kBytes));
  const SourcePtr file = at("long").open();
  ASSERT_EQ(file->size(), static_cast<std::int64_t>(kBytes));
  EXPECT_TRUE(read_all(*file) == bytes);
  RandomStream random(stream_key(2, "ranges"));
  for (int round = 0; round < 20; ++round) {
    const std::size_t first = random.below(kBytes);
    std::string part(random.below(std::min<std::size_t>(kBytes - first, 1 << 20) + 1), '\0');
    file->read(static_cast<std::int64_t>(first), part);
    EXPECT_TRUE(part == bytes.substr(first, part.size())) << first << ' ' << part.size();
  }
  EXPECT_THAT(names(), ElementsAre("long"));
}

TEST_P(StoreContract, ThreadsReadOneFileAtTheSameTime) {
  const std::string bytes = noise(std::size_t{1} << 20, 3);
  write("shared", bytes);
  const SourcePtr file = at("shared").open();
  std::array<bool, 4> same{};
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < same.size(); ++i) {
    threads.emplace_back([&, i] {
      const std::size_t first = i * 100'000;
      std::string part(500'000, '\0');
      file->read(static_cast<std::int64_t>(first), part);
      same.at(i) = part == bytes.substr(first, part.size());
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_THAT(same, testing::Each(true));
}

TEST_P(StoreContract, StatusTellsWhatIsThere) {
  EXPECT_FALSE(at("a").exists());
  EXPECT_TRUE(at("f").make_folder());
  EXPECT_FALSE(at("f").make_folder());
  EXPECT_TRUE(at("f").is_folder());
  write("a", "12345");
  const FileStatus before = *at("a").status();
  EXPECT_TRUE(before.is_file());
  EXPECT_EQ(before.size, 5);
  EXPECT_EQ(at("a").status()->version, before.version);
  write("a", "54321");
  EXPECT_NE(at("a").status()->version, before.version);
  EXPECT_EQ((root_ / "f/../a").canonical(), at("a").canonical());
}

TEST_P(StoreContract, FoldersListWhatTheyHoldByName) {
  write("b", "22");
  write("a", "1");
  at("c").make_folder();
  const std::vector<Entry> entries = root_.list();
  ASSERT_EQ(entries.size(), 3U);
  EXPECT_EQ(entries[0].name, "a");
  EXPECT_EQ(entries[1].status.size, 2);
  EXPECT_TRUE(entries[2].status.is_folder());
  EXPECT_THAT(at("c").list(), IsEmpty());
  EXPECT_THAT(error_of<StorageError>([&] { at("d").list(); }),
              StartsWith("[storage] " + at("d").text() + ": expected a readable folder, found \""));
}

TEST_P(StoreContract, RenamingReplacesFilesAndMovesFolders) {
  write("a", "a");
  write("b", "b");
  at("a").rename(at("b"));
  EXPECT_EQ(contents("b"), "a");
  EXPECT_THAT(names(), ElementsAre("b"));
  at("f").make_folder();
  write("f/x", "x");
  at("f").rename(at("g"));
  EXPECT_EQ(contents("g/x"), "x");
  EXPECT_THAT(error_of<StorageError>([&] { at("none").rename(at("b")); }),
              HasSubstr(": expected to rename it to "));
}

TEST_P(StoreContract, OnlyEmptyFoldersAreRemoved) {
  at("f").make_folder();
  write("f/x", "x");
  EXPECT_THAT(error_of<StorageError>([&] { at("f").remove(); }),
              StartsWith("[storage] " + at("f").text() + ": expected to remove it, found \""));
  EXPECT_EQ(contents("f/x"), "x");
  EXPECT_TRUE(remove_tree(at("f")));
  EXPECT_FALSE(remove_tree(at("f")));
}

TEST_P(StoreContract, LogsGrowByWholeLinesAndLoseAnIncompleteOne) {
  const std::string path = at("log").text();
  {
    AppendLog log(path);
    log.append("one");
    log.append("two");
  }
  EXPECT_EQ(contents("log"), "one\ntwo\n");
  const std::string half = "thr";
  at("log").append()->append(std::as_bytes(std::span(half)));
  EXPECT_EQ(contents("log"), "one\ntwo\nthr");
  AppendLog log(path);
  log.append("four");
  EXPECT_EQ(contents("log"), "one\ntwo\nfour\n");
  at("log").truncate(4);
  EXPECT_EQ(contents("log"), "one\n");
}

TEST_P(StoreContract, WhatCannotBeReadOrWrittenIsNamed) {
  at("f").make_folder();
  EXPECT_THAT(error_of<StorageError>([&] { read_file(at("none").text()); }),
              StartsWith("[storage] " + at("none").text() + ": expected a readable file, found "));
  EXPECT_THAT(error_of<StorageError>([&] { read_file(at("f").text()); }),
              StartsWith("[storage] " + at("f").text() + ": expected a readable file, found "));
  EXPECT_THAT(error_of<StorageError>([&] { write("f", "text"); }),
              StartsWith("[storage] " + at("f").text() + ": expected "));
  EXPECT_THAT(at("f").list(), IsEmpty());
}

TEST_P(StoreContract, TreesAreCopiedBetweenStores) {
  const ScratchFolder here;
  make_folders(StorePath(here.file("in/deep")));
  here.write("in/a.txt", "a");
  here.write("in/deep/b.txt", "b");
  std::int64_t copied = 0;
  copy_tree(StorePath(here.file("in")), at("copy"), [&](std::int64_t bytes) { copied += bytes; });
  EXPECT_EQ(copied, 2);
  EXPECT_EQ(bytes_in(at("copy")), 2);
  EXPECT_EQ(contents("copy/deep/b.txt"), "b");
  copy_tree(at("copy"), StorePath(here.file("back")));
  EXPECT_EQ(read_file(here.file("back/deep/b.txt")), "b");
  EXPECT_THAT(error_of<StorageError>([&] { copy_tree(at("copy"), at("copy/deep/again")); }),
              HasSubstr("expected a folder outside the one that is copied"));
}

TEST_P(StoreContract, LongReadsFromOddPlacesAreWhole) {
  const std::string text = noise((std::size_t{33} << 20) + 16, 5);
  write("long", text);
  const SourcePtr source = at("long").open();
  for (const std::size_t bytes : {text.size() - 7, (std::size_t{24} << 20) + 1}) {
    std::string found(bytes, '\0');
    source->read(7, found);
    EXPECT_TRUE(found == std::string_view(text).substr(7, bytes));
  }
}

TEST_P(StoreContract, FilesAreCopiedToANewFolderAsAWhole) {
  make_folders(at("run"));
  write("run/a", "1");
  write("run/b", "2");
  write("run/c", "3");
  const std::vector<std::string> wanted{"a", "b"};
  copy_to_new_folder(CheckedFolder(at("run").text()), wanted, at("deep/kept"));
  EXPECT_EQ(contents("deep/kept/a"), "1");
  EXPECT_EQ(contents("deep/kept/b"), "2");
  EXPECT_EQ(at("deep/kept").list().size(), 2U);
  EXPECT_EQ(error_of<StorageError>([&] {
              copy_to_new_folder(CheckedFolder(at("run").text()), wanted, at("deep/kept"));
            }),
            "[storage] " + at("deep/kept").text() +
                ": expected nothing there, found a file or folder. Choose another path.");
  const std::vector<std::string> missing{"a", "none"};
  EXPECT_THAT(error_of<StorageError>(
                  [&] { copy_to_new_folder(CheckedFolder(at("run").text()), missing, at("new")); }),
              StartsWith("[storage] " + at("run/none").text() + ": expected a readable file"));
  EXPECT_THAT(names(), ElementsAre("deep", "run"));
}

TEST_P(StoreContract, RunFoldersAreMadeAndTakenBack) {
  {
    RunFolder folder(at("runs/one").text());
    atomic_write(folder.claim(kConfigFile), "{}");
    EXPECT_TRUE(holds_run(folder.path()));
  }
  EXPECT_THAT(names(), IsEmpty());
  {
    RunFolder folder(at("runs/one").text());
    atomic_write(folder.claim(kConfigFile), "{}");
    folder.keep();
  }
  EXPECT_THAT(error_of<StorageError>([&] { RunFolder again(at("runs/one").text()); }),
              HasSubstr(": expected a folder without a run, found the files of one."));
}

TEST_P(StoreContract, SafetensorsAreWrittenAndReadByRange) {
  const std::array<float, 3> values{1.5F, -2, 0.25F};
  const std::array<TensorView, 1> tensors{
      {{.name = "w", .type = DType::f32, .shape = {3}, .data = values.data()}}};
  write_safetensors(at("m").text(), tensors);
  const Safetensors file(at("m").text());
  std::array<float, 3> read{};
  file.read(file.at("w"), std::as_writable_bytes(std::span(read)));
  EXPECT_EQ(read, values);
}

TEST(StorePaths, SplitAndJoinAsPeopleExpect) {
  EXPECT_EQ(StorePath("a/b.csv").name(), "b.csv");
  EXPECT_EQ(StorePath("a/b.csv").parent().text(), "a");
  EXPECT_EQ(StorePath("b.csv").parent().text(), ".");
  EXPECT_EQ(StorePath("/b").parent().text(), "/");
  EXPECT_EQ((StorePath("a/") / "b").text(), "a/b");
  EXPECT_EQ(StorePath("file:///tmp/a%20b").text(), "/tmp/a b");
  EXPECT_EQ(StorePath("file://localhost/tmp").text(), "/tmp");
  EXPECT_TRUE(StorePath("C:/x").is_local());
  EXPECT_EQ(error_of<InvalidArgument>([] { StorePath("s3://bucket/x"); }),
            "[storage] s3://bucket/x: expected a path or a URI that begins with file, hdfs, "
            "webhdfs or swebhdfs, found the scheme \"s3\". Copy the files to one of these places.");
  const StorePath hdfs("webhdfs://host:1/a%20b/c");
  EXPECT_FALSE(hdfs.is_local());
  EXPECT_EQ(hdfs.name(), "c");
  EXPECT_EQ(hdfs.parent().text(), "webhdfs://host:1/a%20b") << "as Hadoop, not decoded";
  EXPECT_EQ(StorePath("webhdfs://host:1").text(), "webhdfs://host:1/");
  EXPECT_EQ(StorePath("webhdfs://host:1/a").parent().text(), "webhdfs://host:1/");
  EXPECT_EQ(StorePath("webhdfs://host:1/a").parent().parent().text(), "webhdfs://host:1/");
  EXPECT_EQ(error_of<InvalidArgument>([] { StorePath("hdfs:///a"); }),
            "[storage] hdfs://: expected a host, found none. Write hdfs://HOST:PORT/PATH; "
            "HADOOP_USER_NAME is the user.");
}

}  // namespace
}  // namespace dga::test
