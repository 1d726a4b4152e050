// SPDX-License-Identifier: Apache-2.0

#include "dga/storage/checkpoints.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
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
  AtomicFile tensors(writer.file("state.safetensors"));
  tensors.append(std::string(bytes, static_cast<char>('a' + step % 20)));
  tensors.commit();
  writer.list("state.safetensors", tensors.written());
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
  EXPECT_EQ(std::filesystem::file_size(found->path + "/state.safetensors"), 4000U);
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
  std::filesystem::resize_file(run.file("checkpoints/step-000000000003/state.safetensors"), 299);
  std::filesystem::remove(run.file("checkpoints/step-000000000002/state.json"));
  std::vector<std::string> damaged;
  const auto found =
      newest_good_checkpoint(run.path(), [&](const std::string& text) { damaged.push_back(text); });
  ASSERT_TRUE(found);
  EXPECT_EQ(found->step, 1);
  EXPECT_THAT(damaged, ElementsAre(HasSubstr("step-000000000003/state.safetensors"),
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

/// 200 seeded damages of one file of the newest checkpoint: none is loaded, unless nothing changed.
TEST(Checkpoints, ThatAreDamagedAnywhereAreNeverLoaded) {
  RandomStream random(stream_key(14, "damage"));
  const ScratchFolder run;
  write_checkpoint(run.path(), 1);
  write_checkpoint(run.path(), 2);
  const auto write = [](const std::string& file, const std::string& bytes) {
    std::ofstream(file, std::ios::binary).write(bytes.data(), std::ssize(bytes));
  };
  const std::vector<std::string> names{"state.safetensors", "state.json", "manifest.json"};
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
