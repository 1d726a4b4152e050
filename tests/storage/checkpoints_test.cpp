// SPDX-License-Identifier: Apache-2.0

#include "dga/storage/checkpoints.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "dga/base/error.h"
#include "dga/base/random.h"
#include "dga/storage/atomic_file.h"
#include "tests/support/error_of.h"
#include "tests/support/scratch_folder.h"

namespace dga {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

void write_checkpoint(const std::string& run, std::int64_t step, std::size_t bytes = 300) {
  CheckpointWriter writer(run, step);
  AtomicFile tensors(writer.file("shard-00000.safetensors"));
  tensors.append(std::string(bytes, static_cast<char>('a' + step % 20)));
  tensors.commit();
  writer.list("shard-00000.safetensors", tensors.written());
  writer.write("state.json", "{\"step\": " + std::to_string(step) + "}\n");
  writer.commit();
}

std::vector<std::int64_t> steps_in(const std::string& run) {
  std::vector<std::int64_t> steps;
  for (const StoredCheckpoint& each : list_checkpoints(run)) {
    steps.push_back(each.step);
  }
  return steps;
}

std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

TEST(Checkpoints, ExistOnlyOnceTheyAreCommitted) {
  const ScratchFolder run;
  EXPECT_THAT(steps_in(run.path()), IsEmpty());
  {
    CheckpointWriter writer(run.path(), 7);
    writer.write("state.json", "{}");
    EXPECT_THAT(steps_in(run.path()), IsEmpty());
  }
  EXPECT_THAT(names_in(run.file("checkpoints")), IsEmpty()) << "what was not committed is removed";
  write_checkpoint(run.path(), 7);
  EXPECT_THAT(steps_in(run.path()), ElementsAre(7));
  EXPECT_THAT(names_in(run.file("checkpoints")), ElementsAre("step-000000000007"));
}

TEST(Checkpoints, SortByAge) {
  const ScratchFolder run;
  for (const std::int64_t step : {100, 9, 1'000'000, 20}) {
    write_checkpoint(run.path(), step);
  }
  std::filesystem::create_directory(run.file("checkpoints/step-x"));
  std::ofstream(run.file("checkpoints/step-000000000002")) << "a file";
  EXPECT_THAT(steps_in(run.path()), ElementsAre(9, 20, 100, 1'000'000));
  EXPECT_EQ(newest_good_checkpoint(run.path(), {})->step, 1'000'000);
}

TEST(Checkpoints, OfTheSameStepReplaceEachOther) {
  const ScratchFolder run;
  write_checkpoint(run.path(), 5, 10);
  write_checkpoint(run.path(), 5, 4000);
  const auto found = newest_good_checkpoint(run.path(), {});
  ASSERT_TRUE(found);
  EXPECT_EQ(std::filesystem::file_size(found->path + "/shard-00000.safetensors"), 4000U);
}

TEST(Checkpoints, AreRemovedWhenOldButNeverTheNewestOnes) {
  const ScratchFolder run;
  for (const std::int64_t step : {1, 2, 3, 4}) {
    write_checkpoint(run.path(), step);
  }
  // As a kill leaves it: newer than all, and one that is old.
  std::filesystem::create_directory(run.file("checkpoints/step-000000000009"));
  std::filesystem::remove(run.file("checkpoints/step-000000000002/manifest.json"));
  remove_old_checkpoints(run.path(), 2);
  EXPECT_THAT(steps_in(run.path()), ElementsAre(3, 4));
  EXPECT_THAT(names_in(run.file("checkpoints")),
              ElementsAre("step-000000000003", "step-000000000004", "step-000000000009"));
}

TEST(Checkpoints, ThatAreDamagedAreNamedAndPassedOver) {
  const ScratchFolder run;
  write_checkpoint(run.path(), 1);
  write_checkpoint(run.path(), 2);
  write_checkpoint(run.path(), 3);
  std::filesystem::resize_file(run.file("checkpoints/step-000000000003/shard-00000.safetensors"),
                               299);
  std::filesystem::remove(run.file("checkpoints/step-000000000002/state.json"));
  std::vector<std::string> damaged;
  const auto found =
      newest_good_checkpoint(run.path(), [&](const std::string& text) { damaged.push_back(text); });
  ASSERT_TRUE(found);
  EXPECT_EQ(found->step, 1);
  EXPECT_THAT(damaged, ElementsAre(HasSubstr("step-000000000003/shard-00000.safetensors"),
                                   HasSubstr("step-000000000002/state.json")));
}

TEST(Checkpoints, WithoutAManifestAreNone) {
  const ScratchFolder run;
  write_checkpoint(run.path(), 3);
  const std::string path = run.file("checkpoints/step-000000000003");
  std::filesystem::remove(path + "/manifest.json");
  EXPECT_THAT(test::error_of<StorageError>([&] { verify_checkpoint(path); }),
              HasSubstr("expected a checkpoint with a manifest.json, found none"));
}

TEST(Checkpoints, OfARunAreListedWithThoseThatAreIncomplete) {
  const ScratchFolder run;
  write_checkpoint(run.path(), 3);
  std::filesystem::create_directory(run.file("checkpoints/step-000000000002"));
  write_checkpoint(run.path(), 1);
  std::vector<std::pair<std::int64_t, bool>> found;
  for (const StoredCheckpoint& each : checkpoints_at(run.path())) {
    EXPECT_EQ(each.path, run.file("checkpoints/step-00000000000" + std::to_string(each.step)));
    found.emplace_back(each.step, each.is_complete);
  }
  EXPECT_THAT(found, ElementsAre(std::pair(1, true), std::pair(2, false), std::pair(3, true)));
}

TEST(Checkpoints, AreFoundByTheirOwnPath) {
  const ScratchFolder run;
  write_checkpoint(run.path(), 3);
  const std::string path = run.file("checkpoints/step-000000000003");
  const auto expect_one = [](const std::string& folder, std::int64_t step, bool is_complete) {
    const std::vector<StoredCheckpoint> found = checkpoints_at(folder);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].path, folder);
    EXPECT_EQ(found[0].step, step);
    EXPECT_EQ(found[0].is_complete, is_complete);
  };
  expect_one(path, 3, true);
  EXPECT_EQ(good_checkpoint_at(path, {}).path, path);
  std::filesystem::copy(path, run.file("copy"));
  expect_one(run.file("copy"), 0, true);
  std::filesystem::remove(path + "/manifest.json");
  expect_one(path, 3, false);
  EXPECT_THAT(test::error_of<StorageError>([&] { good_checkpoint_at(path, {}); }),
              HasSubstr(path + ": expected a checkpoint with a manifest.json, found none."));
}

TEST(Checkpoints, AreNotFoundWhereThereAreNone) {
  const ScratchFolder run;
  const auto said = [](const std::string& path) {
    return test::error_of<StorageError>([&] { checkpoints_at(path); });
  };
  const std::string neither =
      ": expected the folder of a run with checkpoints, or of a checkpoint, found neither. Check "
      "the path; dga train saves checkpoints with --checkpoint-every.";
  EXPECT_EQ(said(run.path()), "[storage] " + run.path() + neither);
  EXPECT_EQ(said(run.file("gone")), "[storage] " + run.file("gone") + neither);
  const std::string file = run.write("step-000000000001", "");
  EXPECT_EQ(said(file), "[storage] " + file + neither);
  std::filesystem::create_directory(run.file("checkpoints"));
  EXPECT_EQ(said(run.path()), "[storage] " + run.path() +
                                  ": expected a run with checkpoints, found none in its folder "
                                  "checkpoints. Wait for the first one.");
}

TEST(Checkpoints, OfARunGiveItsNewestGoodOne) {
  const ScratchFolder run;
  for (const std::int64_t step : {1, 2, 3}) {
    write_checkpoint(run.path(), step);
  }
  std::filesystem::remove(run.file("checkpoints/step-000000000003/manifest.json"));
  std::filesystem::resize_file(run.file("checkpoints/step-000000000002/state.json"), 1);
  int damaged = 0;
  EXPECT_EQ(good_checkpoint_at(run.path(), [&](const std::string&) { ++damaged; }).step, 1);
  EXPECT_EQ(damaged, 1);
  std::filesystem::resize_file(run.file("checkpoints/step-000000000001/state.json"), 1);
  EXPECT_EQ(test::error_of<StorageError>(
                [&] { good_checkpoint_at(run.path(), [](const std::string&) {}); }),
            "[storage] " + run.path() +
                ": expected a run with a checkpoint that is complete and undamaged, found none "
                "among 3. Use another run.");
}

/// 200 seeded damages of one file of the newest checkpoint: none is loaded, unless nothing changed.
TEST(Checkpoints, ThatAreDamagedAnywhereAreNeverLoaded) {
  RandomStream random(stream_key(14, "damage"));
  const ScratchFolder run;
  write_checkpoint(run.path(), 1);
  write_checkpoint(run.path(), 2);
  const auto write = [](const std::string& file, const std::string& bytes) {
    std::ofstream(file, std::ios::binary).write(bytes.data(), std::ssize(bytes));
  };
  const std::vector<std::string> names{"shard-00000.safetensors", "state.json", "manifest.json"};
  for (int round = 0; round < 200; ++round) {
    const std::string file = run.file("checkpoints/step-000000000002/") +
                             names[static_cast<std::size_t>(random.below(3))];
    const std::string good = read_file(file);
    std::string bytes = good;
    const auto at = static_cast<std::size_t>(random.below(bytes.size()));
    if (random.below(2) == 0) {
      bytes.resize(at);
    } else {
      bytes[at] = static_cast<char>(bytes[at] ^ (1 << random.below(8)));
    }
    write(file, bytes);
    int damaged = 0;
    const auto found = newest_good_checkpoint(run.path(), [&](const std::string&) { ++damaged; });
    ASSERT_TRUE(found);
    if (found->step == 2) {  // only where the meaning is as before, such as another space in JSON
      EXPECT_EQ(file.substr(file.rfind('/') + 1), "manifest.json") << "round " << round;
    } else {
      EXPECT_EQ(damaged, 1) << "round " << round;
    }
    write(file, good);
  }
}

}  // namespace
}  // namespace dga
