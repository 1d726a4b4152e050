// SPDX-License-Identifier: Apache-2.0

#include "dga/problem/data_cache.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/scratch_folder.h"

namespace dga {
namespace {

void write(const std::string& path, const std::string& text) {
  std::ofstream(path) << text;
}

TEST(DataCache, ReadsTheSameFilesOnce) {
  const ScratchFolder folder;
  write(folder.file("a.csv"), "1,2,0\n3,4,1\n");
  DataCache cache;
  const auto first = cache.load({.data = folder.path()});
  EXPECT_EQ(cache.load({.data = folder.path()}), first);
  EXPECT_EQ(cache.load({.data = folder.path() + "/."}), first) << "another spelling";
}

TEST(DataCache, ReadsFilesThatChangedAgain) {
  const ScratchFolder folder;
  write(folder.file("a.csv"), "1,2,0\n3,4,1\n");
  DataCache cache;
  const auto first = cache.load({.data = folder.path()});
  write(folder.file("a.csv"), "1,2,0\n3,4,1\n5,6,1\n");
  const auto second = cache.load({.data = folder.path()});
  EXPECT_EQ(first->train->size(), 2) << "who holds the old data keeps it";
  EXPECT_EQ(second->train->size(), 3);
  write(folder.file("b.csv"), "7,8,0\n");
  EXPECT_EQ(cache.load({.data = folder.path()})->train->size(), 4);
}

TEST(DataCache, KeepsWaysOfReadingApart) {
  const ScratchFolder folder;
  write(folder.file("a.csv"), "1,2,0\n3,4,1\n");
  DataCache cache;
  const auto first = cache.load({.data = folder.path()});
  EXPECT_NE(cache.load({.data = folder.path(), .table = {.label = "0"}}), first);
  EXPECT_NE(cache.load({.data = folder.path(), .task = Task::regression}), first);
}

TEST(DataCache, SeesFilesThatChangeWhatIsSaidOfTheData) {
  const ScratchFolder folder;
  const ScratchFolder other;
  write(folder.file("a.csv"), "1,2,0\n3,4,1\n");
  write(other.file("b.csv"), "5,6,1\n");
  DataCache cache;
  const auto first = cache.load({.data = folder.path()});
  EXPECT_EQ(
      cache.load({.data = folder.path(), .validation_data = other.path()})->validation->size(), 1);
  EXPECT_EQ(cache.load({.data = folder.path()}), first);
  write(folder.file("val.csv"), "7,8,0\n9,9,0\n");
  EXPECT_EQ(cache.load({.data = folder.path()})->validation->size(), 2);
  write(folder.file("a.csv~"), "");
  EXPECT_EQ(cache.load({.data = folder.path()})->summary.notices.size(), 1U);
}

TEST(DataCache, ForgetsWhenToldTo) {
  const ScratchFolder folder;
  write(folder.file("a.csv"), "1,2,0\n3,4,1\n");
  DataCache cache;
  const auto first = cache.load({.data = folder.path()});
  cache.clear();
  EXPECT_NE(cache.load({.data = folder.path()}), first);
}

}  // namespace
}  // namespace dga
