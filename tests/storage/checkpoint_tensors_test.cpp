// SPDX-License-Identifier: Apache-2.0

#include "dga/storage/checkpoint_tensors.h"

#include <gmock/gmock.h>

#include <array>
#include <cstring>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "dga/base/error.h"
#include "dga/storage/atomic_file.h"
#include "dga/storage/checkpoint_names.h"
#include "dga/storage/manifest.h"
#include "dga/storage/tensor_parts.h"
#include "tests/support/error_of.h"
#include "tests/support/made_up_checkpoint.h"
#include "tests/support/scratch_folder.h"

namespace dga {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(CheckpointTensors, HaveNamesTypesAndShapes) {
  const ScratchFolder folder;
  test::write_tensors(folder.path(), {test::tensor<float>("model/w", {2, 3}, {1, 2, 3, 4, 5, 6}),
                                      test::tensor<std::int64_t>("optimizer/w/step", {}, {7})});
  const CheckpointTensors tensors(folder.path());
  EXPECT_EQ(tensors.path(), folder.path());
  ASSERT_EQ(tensors.tensors().size(), 2U);
  const CheckpointTensor& w = tensors.at("model/w");
  EXPECT_EQ(&w, tensors.tensors().data());
  EXPECT_EQ(&w, tensors.find("model/w"));
  EXPECT_EQ(w.type, DType::f32);
  EXPECT_THAT(w.shape, ElementsAre(2, 3));
  EXPECT_EQ(w.bytes, 24);
  EXPECT_THAT(tensors.at("optimizer/w/step").shape, ElementsAre());
  EXPECT_TRUE(tensors.has_any("model/"));
  EXPECT_TRUE(tensors.has_any("optimizer/"));
  EXPECT_FALSE(tensors.has_any("kept/"));
  EXPECT_FALSE(tensors.has_any("z/"));
  EXPECT_EQ(tensors.find("model/v"), nullptr);
}

TEST(CheckpointTensors, AreReadByRange) {
  const ScratchFolder folder;
  test::write_tensors(folder.path(), {test::tensor<std::uint8_t>("model/a", {3}, {1, 2, 3}),
                                      test::tensor<std::uint8_t>("model/b", {4}, {4, 5, 6, 7})});
  const CheckpointTensors tensors(folder.path());
  const CheckpointTensor& b = tensors.at("model/b");
  std::array<std::byte, 2> two{};
  tensors.read(b, 1, two);
  EXPECT_THAT(two, ElementsAre(std::byte{5}, std::byte{6}));
  tensors.read(b, 4, {});
  EXPECT_EQ(
      test::error_of<InvalidArgument>([&] { tensors.read(b, 3, two); }),
      "[storage] " + folder.path() + ": expected bytes of 'model/b' within its 4, found 3 to 5.");
  EXPECT_THAT(test::error_of<InvalidArgument>([&] { tensors.read(b, -1, two); }),
              HasSubstr("found -1 to 1."));
  EXPECT_THAT(test::error_of<InvalidArgument>([&] { tensors.read({.name = "c"}, 0, two); }),
              HasSubstr(": expected one of its tensors, found 'c'."));
}

TEST(CheckpointTensors, ArriveInBlocksOfBoundedSize) {
  const ScratchFolder folder;
  std::vector<std::int32_t> values(static_cast<std::size_t>(kTensorBlock) / 4 * 2 + 3);
  std::iota(values.begin(), values.end(), 0);
  test::write_tensors(folder.path(),
                      {test::tensor<std::int32_t>("model/large", {std::ssize(values)}, values),
                       test::tensor<float>("model/none", {0, 4}, {})});
  const CheckpointTensors tensors(folder.path());
  std::vector<std::int64_t> sizes;
  std::vector<std::byte> all;
  const auto use = [&](std::span<const std::byte> block) {
    sizes.push_back(std::ssize(block));
    all.insert(all.end(), block.begin(), block.end());
  };
  tensors.for_each_block(tensors.at("model/large"), use);
  EXPECT_THAT(sizes, ElementsAre(kTensorBlock, kTensorBlock, 12));
  ASSERT_EQ(all.size(), values.size() * 4);
  EXPECT_EQ(std::memcmp(all.data(), values.data(), all.size()), 0);
  sizes.clear();
  tensors.for_each_block(tensors.at("model/none"), use);
  EXPECT_THAT(sizes, ElementsAre());
}

/// The parts of carriers 0, 1 and so on.
void write_shards(const ScratchFolder& folder, const std::vector<std::vector<TensorPart>>& shards) {
  Manifest manifest;
  for (std::size_t carrier = 0; carrier < shards.size(); ++carrier) {
    const std::string name = tensor_file_of(static_cast<int>(carrier));
    AtomicFile file(folder.file(name));
    write_tensor_parts(file, shards[carrier]);
    manifest.files[name] = file.written();
  }
  atomic_write(folder.file("manifest.json"), to_json(manifest));
}

TensorPart part(const std::vector<std::int32_t>& values, std::int64_t first, std::int64_t count,
                std::vector<std::int64_t> shape, std::vector<std::int64_t> strides = {}) {
  return {.name = "model/w",
          .type = DType::i32,
          .shape = std::move(shape),
          .strides = std::move(strides),
          .first = first,
          .count = count,
          .data = values.data() + first};
}

std::vector<std::int32_t> read_all(const CheckpointTensors& from) {
  std::vector<std::int32_t> values;
  from.for_each_block(from.at("model/w"), [&](std::span<const std::byte> block) {
    const std::size_t before = values.size();
    values.resize(before + block.size() / 4);
    std::memcpy(values.data() + before, block.data(), block.size());
  });
  return values;
}

TEST(CheckpointTensors, AreWholeWhateverTheirParts) {
  std::vector<std::int32_t> values(24);
  std::iota(values.begin(), values.end(), 0);
  for (const std::vector<std::int64_t>& cuts : std::vector<std::vector<std::int64_t>>{
           {0, 24}, {0, 5, 24}, {0, 1, 2, 23, 24}, {0, 0, 24, 24}}) {
    const ScratchFolder folder;
    std::vector<std::vector<TensorPart>> shards;
    for (std::size_t i = 0; i + 1 < cuts.size(); ++i) {
      // The last carrier has the first elements.
      shards.insert(shards.begin(), {part(values, cuts[i], cuts[i + 1] - cuts[i], {4, 6})});
    }
    write_shards(folder, shards);
    const CheckpointTensors tensors(folder.path());
    EXPECT_EQ(read_all(tensors), values);
    std::array<std::int32_t, 3> three{};
    tensors.read(tensors.at("model/w"), 16, std::as_writable_bytes(std::span(three)));
    EXPECT_THAT(three, ElementsAre(4, 5, 6));
  }
}

TEST(CheckpointTensors, AreRowMajorWhateverTheirStrides) {
  // A 2 x 3 x 2 tensor whose second axis is the innermost in memory, as channels_last has it.
  const std::vector<std::int32_t> stored{0, 2, 4, 1, 3, 5, 6, 8, 10, 7, 9, 11};
  std::vector<std::int32_t> expected(12);
  std::iota(expected.begin(), expected.end(), 0);
  const ScratchFolder folder;
  write_shards(folder, {{part(stored, 0, 7, {2, 3, 2}, {6, 1, 3})},
                        {part(stored, 7, 5, {2, 3, 2}, {6, 1, 3})}});
  const CheckpointTensors tensors(folder.path());
  EXPECT_EQ(read_all(tensors), expected);
  std::vector<std::int32_t> as_stored(12);
  tensors.read_as_stored(tensors.at("model/w"), 0, std::as_writable_bytes(std::span(as_stored)));
  EXPECT_EQ(as_stored, stored);
}

TEST(CheckpointTensors, OfWhichPartsAreMissingOrTooManyAreRefused) {
  const std::vector<std::int32_t> values(24);
  const std::vector<std::vector<std::vector<TensorPart>>> wrong{
      {{part(values, 0, 5, {4, 6})}, {part(values, 6, 18, {4, 6})}},
      {{part(values, 0, 6, {4, 6})}, {part(values, 5, 19, {4, 6})}},
      {{part(values, 1, 23, {4, 6})}},
      {{part(values, 0, 24, {4, 6})}, {part(values, 0, 24, {4, 6})}}};
  for (const auto& shards : wrong) {
    const ScratchFolder folder;
    write_shards(folder, shards);
    EXPECT_THAT(
        test::error_of<StorageError>([&] { CheckpointTensors(folder.path()); }),
        HasSubstr(": expected all parts of the tensor 'model/w' once, found another number."));
  }
  const ScratchFolder folder;
  write_shards(folder, {{part(values, 0, 12, {4, 6})}, {part(values, 12, 12, {6, 4})}});
  EXPECT_THAT(
      test::error_of<StorageError>([&] { CheckpointTensors(folder.path()); }),
      HasSubstr(": expected parts of one tensor 'model/w', found parts of different ones."));
}

TEST(CheckpointTensors, WithDescriptionsThatMakeNoSenseAreRefused) {
  const std::vector<std::int32_t> values(24);
  for (const TensorPart& wrong :
       {part(values, -1, 4, {4, 6}), part(values, 22, 4, {4, 6}), part(values, 0, 4, {-4, -6}),
        part(values, 0, 4, {4, std::int64_t{1} << 62}), part(values, 0, 4, {4, 6}, {6}),
        part(values, 0, 4, {4, 6}, {7, 1}), part(values, 0, 4, {4, 6}, {1, 1})}) {
    const ScratchFolder folder;
    TensorPart described = wrong;
    described.data = values.data();
    write_shards(folder, {{described}});
    EXPECT_THAT(
        test::error_of<StorageError>([&] { CheckpointTensors(folder.path()); }),
        HasSubstr(": expected the description of a part of a tensor, found another one for"));
  }
}

TEST(CheckpointTensors, ThatAreMissingAreNamed) {
  const ScratchFolder folder;
  EXPECT_THAT(
      test::error_of<StorageError>([&] { CheckpointTensors(folder.path()); }),
      HasSubstr(": expected a checkpoint with files of tensors in its manifest, found none."));
  test::write_tensors(folder.path(), {test::tensor<float>("model/w", {1}, {1})});
  EXPECT_EQ(test::error_of<StorageError>([&] { CheckpointTensors(folder.path()).at("model/v"); }),
            "[storage] " + folder.path() +
                ": expected the tensor 'model/v', found none of that name among 1. Use a "
                "checkpoint of the same model and options.");
}

}  // namespace
}  // namespace dga
