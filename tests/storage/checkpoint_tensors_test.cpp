// SPDX-License-Identifier: Apache-2.0

#include "dga/storage/checkpoint_tensors.h"

#include <gmock/gmock.h>

#include <array>
#include <cstring>
#include <numeric>
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
  EXPECT_EQ(test::error_of<InvalidArgument>([&] { tensors.read(b, 3, two); }),
            "[storage] " + folder.file("state.safetensors") +
                ": expected a range within the 4 bytes of tensor 'model/b', found 2 from 3 on.");
  EXPECT_THAT(test::error_of<InvalidArgument>([&] { tensors.read(b, -1, two); }),
              HasSubstr("found 2 from -1 on."));
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

TEST(CheckpointTensors, ThatAreMissingAreNamed) {
  const ScratchFolder folder;
  EXPECT_THAT(test::error_of<StorageError>([&] { CheckpointTensors(folder.path()); }),
              HasSubstr(folder.file("state.safetensors")));
  test::write_tensors(folder.path(), {test::tensor<float>("model/w", {1}, {1})});
  EXPECT_EQ(test::error_of<StorageError>([&] { CheckpointTensors(folder.path()).at("model/v"); }),
            "[storage] " + folder.path() +
                ": expected the tensor 'model/v', found none of that name among 1. Use a "
                "checkpoint of the same model and options.");
}

}  // namespace
}  // namespace dga
