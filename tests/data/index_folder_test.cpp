// SPDX-License-Identifier: Apache-2.0

#include "dga/data/stream/index_folder.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "dga/base/log.h"
#include "dga/data/load.h"
#include "dga/storage/atomic_file.h"
#include "tests/data/data_fixture.h"
#include "tests/support/scratch_folder.h"

namespace dga {
namespace {

namespace fs = std::filesystem;

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

/// What is logged while it lives.
class Warnings {
 public:
  Warnings() {
    set_log_sink([this](LogLevel, std::string_view text) { lines.emplace_back(text); });
  }
  ~Warnings() { set_log_sink({}); }
  Warnings(const Warnings&) = delete;
  Warnings& operator=(const Warnings&) = delete;

  std::vector<std::string> lines;
};

/// Overwrites bytes of a file, and gives it the times that it had.
void change_without_a_trace(const std::string& path, std::size_t at, char byte) {
  struct stat before {};
  ASSERT_EQ(::stat(path.c_str(), &before), 0);
  std::fstream(path, std::ios::in | std::ios::out | std::ios::binary)
      .seekp(static_cast<std::streamoff>(at))
      .put(byte);
  const std::array times{before.st_atim, before.st_mtim};
  ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times.data(), 0), 0);
}

/// What this process has read by system calls so far.
std::int64_t bytes_read() {
  std::ifstream file("/proc/self/io");
  std::string name;
  std::int64_t bytes = 0;
  while (file >> name >> bytes && name != "rchar:") {
  }
  return bytes;
}

std::vector<std::string> files_in(const std::string& folder) {
  std::vector<std::string> paths;
  for (const auto& entry : fs::directory_iterator(folder)) {
    paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

class IndexFolderTest : public testing::Test {
 protected:
  LoadedData load(const TableOptions& table = {}) const {
    return load_data({.data = data, .table = table, .samples = {.stream = true}, .index = index});
  }
  std::vector<std::int64_t> labels() const { return class_labels(*load().train); }

  ScratchFolder folder;
  std::string data = folder.write("a.csv", "x,label\n1,0\n2,1\n3,0\n4,1\n");
  std::string index = folder.file("stream-index");
};

/// Lines of 400 bytes, so that labels are little beside them.
std::string wide_rows() {
  std::string text;
  for (int row = 0; row < 1000; ++row) {
    for (int column = 0; column < 50; ++column) {
      text += str((7 * row + column) % 10, ".00000,");
    }
    text += str(row % 2, '\n');
  }
  return text;
}

TEST_F(IndexFolderTest, AFileThatIsTheSameIsReadOnce) {
  folder.write("a.csv", wide_rows());
  const PreparedData first = split_and_normalise(load(), 0, 1);
  const std::int64_t before = bytes_read();
  const PreparedData second = split_and_normalise(load(), 0, 1);
  EXPECT_LT(bytes_read() - before, 200'000) << "neither for labels nor for the normalisation";
  EXPECT_EQ(second.normalisation.mean, first.normalisation.mean);
  EXPECT_EQ(second.normalisation.scale, first.normalisation.scale);
  // Other samples are held out, so those that are trained on are others too.
  const PreparedData other = split_and_normalise(load(), 0.5, 1);
  EXPECT_NE(other.normalisation.mean, first.normalisation.mean);
}

TEST_F(IndexFolderTest, AChangeThatKeepsSizeAndTimeIsSeen) {
  EXPECT_THAT(labels(), ElementsAre(0, 1, 0, 1));
  const PreparedData first = split_and_normalise(load(), 0, 1);
  change_without_a_trace(data, 10, '1');
  EXPECT_THAT(labels(), ElementsAre(1, 1, 0, 1));
  change_without_a_trace(data, 8, '9');
  EXPECT_NE(split_and_normalise(load(), 0, 1).normalisation.mean, first.normalisation.mean);
}

TEST_F(IndexFolderTest, WhatAKilledProcessLeftIsRemoved) {
  fs::create_directories(index);
  const std::string left = folder.write("stream-index/.a.safetensors.1-2.dga-tmp", "half");
  EXPECT_THAT(labels(), ElementsAre(0, 1, 0, 1));
  EXPECT_FALSE(fs::exists(left));
  EXPECT_THAT(files_in(index), SizeIs(1));
}

TEST_F(IndexFolderTest, AFullDiskIsAWarningAndLeavesNothing) {
  fs::create_directories(index);
  if (mount("tmpfs", index.c_str(), "tmpfs", 0, "size=16k") != 0) {
    GTEST_SKIP() << "making a small disk to fill needs the right to mount";
  }
  std::string rows;
  for (int row = 0; row < 3000; ++row) {
    rows += str(row, ',', row % 2, '\n');
  }
  folder.write("a.csv", rows);
  std::vector<std::string> left;
  {
    const Warnings warnings;
    EXPECT_EQ(load().train->size(), 3000);
    ASSERT_THAT(warnings.lines, SizeIs(1));
    EXPECT_THAT(warnings.lines[0], HasSubstr("No space left on device"));
    left = files_in(index);
  }
  EXPECT_EQ(umount(index.c_str()), 0);
  EXPECT_THAT(left, testing::IsEmpty());
}

TEST_F(IndexFolderTest, AFileWithAnotherTimeCountsByItsContent) {
  const LoadedData first = load();
  const auto kept = fs::last_write_time(files_in(index).front());
  fs::last_write_time(data, fs::last_write_time(data) + std::chrono::seconds(5));
  EXPECT_THAT(labels(), ElementsAre(0, 1, 0, 1));
  EXPECT_EQ(fs::last_write_time(files_in(index).front()), kept);
  folder.write("a.csv", "x,label\n1,1\n2,1\n3,0\n4,1\n");
  EXPECT_THAT(labels(), ElementsAre(1, 1, 0, 1));
  EXPECT_NE(fs::last_write_time(files_in(index).front()), kept);
  folder.write("a.csv", "x,label\n1,1\n2,1\n3,0\n");
  EXPECT_THAT(labels(), ElementsAre(1, 1, 0));
  EXPECT_THAT(files_in(index), SizeIs(1));
}

TEST_F(IndexFolderTest, OtherOptionsHaveAnIndexOfTheirOwn) {
  folder.write("a.csv", "x,z,label\n1,1,0\n2,0,1\n3,0,1\n4,1,1\n");
  EXPECT_THAT(class_labels(*load().train), ElementsAre(0, 1, 1, 1));
  EXPECT_THAT(class_labels(*load({.label = "z"}).train), ElementsAre(1, 0, 0, 1));
  EXPECT_EQ(load({.drop = "z"}).train->num_features(), 1);
  EXPECT_EQ(load().train->num_features(), 2);
  EXPECT_THAT(files_in(index), SizeIs(3));
}

TEST_F(IndexFolderTest, ADamagedIndexIsNamedAndReplaced) {
  load();
  const std::string path = files_in(index).front();
  const std::string whole = read_file(path);
  for (std::size_t at = 0; at < whole.size(); at += 11) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    folder.write("stream-index/" + fs::path(path).filename().string(), damaged);
    const Warnings warnings;
    EXPECT_THAT(labels(), ElementsAre(0, 1, 0, 1)) << at;
    for (const std::string& line : warnings.lines) {
      EXPECT_THAT(line, HasSubstr("an index of streamed data"));
      EXPECT_THAT(line, testing::Not(HasSubstr("..")));
    }
  }
  folder.write("stream-index/" + fs::path(path).filename().string(),
               whole.substr(0, whole.size() - 1));
  const Warnings warnings;
  EXPECT_THAT(labels(), ElementsAre(0, 1, 0, 1));
  ASSERT_THAT(warnings.lines, SizeIs(1));
  EXPECT_THAT(warnings.lines[0], HasSubstr(path));
  EXPECT_THAT(warnings.lines[0], HasSubstr("The data is read again instead."));
  EXPECT_THAT(labels(), ElementsAre(0, 1, 0, 1));
  EXPECT_THAT(warnings.lines, SizeIs(1));
}

TEST_F(IndexFolderTest, AFolderThatCannotBeWrittenIsAWarning) {
  folder.write("stream-index", "a file");
  const Warnings warnings;
  EXPECT_THAT(labels(), ElementsAre(0, 1, 0, 1));
  ASSERT_THAT(warnings.lines, testing::Not(testing::IsEmpty()));
  EXPECT_THAT(warnings.lines[0], HasSubstr("is not kept"));
}

TEST_F(IndexFolderTest, WhatChangesWhileItIsReadIsNotKept) {
  const IndexFolder kept(index);
  const IndexKey key = index_key("t", std::array{data}, 1);
  folder.write("a.csv", "x,label\n1,0\n2,1\n3,0\n");
  kept.save(key, "text", {});
  EXPECT_FALSE(fs::exists(index));
}

}  // namespace
}  // namespace dga
