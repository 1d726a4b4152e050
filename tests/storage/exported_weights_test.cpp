// SPDX-License-Identifier: Apache-2.0

#include "dga/storage/exported_weights.h"

#include <gmock/gmock.h>

#include <cstring>
#include <string>
#include <vector>

#include "dga/base/error.h"
#include "dga/storage/atomic_file.h"
#include "tests/support/error_of.h"
#include "tests/support/made_up_checkpoint.h"
#include "tests/support/scratch_folder.h"

namespace dga {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// A weight and a buffer; the average is of the weight alone.
void write_whole(const std::string& folder) {
  test::write_tensors(folder, {test::tensor<float>("model/w", {2, 1}, {1, 2}),
                               test::tensor<std::int64_t>("model/seen", {}, {40}),
                               test::tensor<float>("kept/w", {2, 1}, {3, 4}),
                               test::tensor<std::int64_t>("kept/seen", {}, {30}),
                               test::tensor<float>("optimizer/w/exp_avg", {2, 1}, {9, 9}),
                               test::tensor<float>("average/w", {2, 1}, {5, 6})});
}

struct Weights {
  std::vector<float> w = std::vector<float>(2);
  std::int64_t seen = 0;
  std::vector<std::string> names = {};
};

Weights read_weights(const std::string& path) {
  const Safetensors file(path);
  Weights found;
  for (const StoredTensor& tensor : file.tensors()) {
    found.names.push_back(tensor.name);
  }
  EXPECT_THAT(file.at("w").shape, ElementsAre(2, 1));
  file.read(file.at("w"), std::as_writable_bytes(std::span(found.w)));
  file.read(file.at("seen"), std::as_writable_bytes(std::span(&found.seen, 1)));
  return found;
}

TEST(ExportedWeights, AreThoseOfTheModelItsAverageOrTheKeptOnes) {
  const ScratchFolder folder;
  write_whole(folder.path());
  const CheckpointTensors from(folder.path());
  struct Case {
    WeightChoice choice;
    std::vector<float> w;
    std::int64_t seen;
  };
  for (const Case& expected :
       {Case{WeightChoice::model, {1, 2}, 40}, Case{WeightChoice::average, {5, 6}, 40},
        Case{WeightChoice::kept, {3, 4}, 30}}) {
    const std::string to = folder.file("weights.safetensors");
    const ExportedWeights written = export_weights(from, expected.choice, to);
    EXPECT_EQ(written.tensors, 2);
    EXPECT_EQ(written.bytes, std::ssize(read_file(to)));
    const Weights found = read_weights(to);
    EXPECT_THAT(found.names, ElementsAre("w", "seen"));
    EXPECT_EQ(found.w, expected.w);
    EXPECT_EQ(found.seen, expected.seen);
  }
}

TEST(ExportedWeights, ThatACheckpointLacksAreNamed) {
  const ScratchFolder folder;
  test::write_tensors(folder.path(), {test::tensor<float>("model/w", {1}, {1}),
                                      test::tensor<float>("model/v", {1}, {1}),
                                      test::tensor<float>("kept/w", {1}, {1})});
  const CheckpointTensors from(folder.path());
  const std::string to = folder.file("weights.safetensors");
  EXPECT_EQ(test::error_of<StorageError>([&] { export_weights(from, WeightChoice::average, to); }),
            "[storage] " + folder.path() +
                ": expected a moving average of the weights, found none. Runs with --ema have one; "
                "leave out --average.");
  EXPECT_EQ(test::error_of<StorageError>([&] { export_weights(from, WeightChoice::kept, to); }),
            "[storage] " + folder.path() +
                ": expected the tensor 'kept/v', found none of that name among 3. Use a checkpoint "
                "of the same model and options.");
  test::write_tensors(folder.path(), {test::tensor<float>("model/w", {1}, {1})});
  EXPECT_EQ(test::error_of<StorageError>(
                [&] { export_weights(CheckpointTensors(folder.path()), WeightChoice::kept, to); }),
            "[storage] " + folder.path() +
                ": expected kept weights, found none. Runs with --keep-best or --ema have them; "
                "leave out --kept.");
  test::write_tensors(folder.path(), {test::tensor<float>("x", {1}, {1})});
  EXPECT_EQ(test::error_of<StorageError>(
                [&] { export_weights(CheckpointTensors(folder.path()), WeightChoice::model, to); }),
            "[storage] " + folder.path() +
                ": expected the weights of a model, found none. Use the checkpoint of a run of "
                "dga.");
  EXPECT_THAT(folder.names(), ElementsAre("manifest.json", "shard-00000.safetensors"));
}

TEST(ExportedWeights, AreNotThereIfTheirExportIsStopped) {
  const ScratchFolder folder;
  const ScratchFolder out;
  write_whole(folder.path());
  int blocks = 0;
  EXPECT_EQ(test::error_of<Interrupted>([&] {
              export_weights(CheckpointTensors(folder.path()), WeightChoice::model, out.file("w"),
                             [&] {
                               if (++blocks == 2) {
                                 throw Interrupted("stopped");
                               }
                             });
            }),
            "stopped");
  EXPECT_EQ(blocks, 2);
  EXPECT_THAT(out.names(), IsEmpty());
}

}  // namespace
}  // namespace dga
