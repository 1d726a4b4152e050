// SPDX-License-Identifier: Apache-2.0

#include "dga/storage/tensor_difference.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "tests/support/made_up_checkpoint.h"
#include "tests/support/scratch_folder.h"

namespace dga {
namespace {

using testing::IsEmpty;

TEST(TensorDifference, IsNoneOfTheSameTensorsInAnotherOrder) {
  const ScratchFolder a;
  const ScratchFolder b;
  const auto w = test::tensor<float>("model/w", {2}, {1, 2});
  const auto none = test::tensor<float>("model/none", {0, 3}, {});
  const auto step = test::tensor<std::int64_t>("optimizer/w/step", {}, {5});
  test::write_tensors(a.path(), {w, none, step});
  test::write_tensors(b.path(), {step, w, none});
  EXPECT_THAT(differing_tensors(CheckpointTensors(a.path()), CheckpointTensors(b.path())),
              IsEmpty());
}

TEST(TensorDifference, NamesTensorsThatAreMissingOrOfOtherFormsOrValues) {
  const ScratchFolder folder_a;
  const ScratchFolder folder_b;
  test::write_tensors(folder_a.path(), {test::tensor<float>("model/same", {2}, {1, 2}),
                                        test::tensor<float>("model/values", {3}, {1, 2, 3}),
                                        test::tensor<float>("model/shape", {4}, {1, 2, 3, 4}),
                                        test::tensor<float>("model/type", {1}, {1}),
                                        test::tensor<float>("average/gone", {1}, {1})});
  test::write_tensors(folder_b.path(), {test::tensor<float>("model/same", {2}, {1, 2}),
                                        test::tensor<float>("model/values", {3}, {1, 5, 3.5F}),
                                        test::tensor<float>("model/shape", {2, 2}, {1, 2, 3, 4}),
                                        test::tensor<std::int32_t>("model/type", {1}, {1}),
                                        test::tensor<float>("kept/new", {1}, {1})});
  const CheckpointTensors a(folder_a.path());
  const CheckpointTensors b(folder_b.path());
  const std::vector<TensorDifference> found = differing_tensors(a, b);
  ASSERT_EQ(found.size(), 5U);
  EXPECT_EQ(found[3].name, "model/values");
  EXPECT_TRUE(found[3].is_of_elements());
  EXPECT_EQ(found[3].elements, (ElementDifference{.count = 2, .largest = 3}));
  EXPECT_EQ(found[1].name, "model/shape");
  EXPECT_FALSE(found[1].is_of_elements());
  EXPECT_EQ(found[1].a, a.find("model/shape"));
  EXPECT_EQ(found[1].b, b.find("model/shape"));
  EXPECT_EQ(found[2].name, "model/type");
  EXPECT_FALSE(found[2].is_of_elements());
  EXPECT_EQ(found[0].name, "average/gone");
  EXPECT_EQ(found[0].b, nullptr);
  EXPECT_EQ(found[4].name, "kept/new");
  EXPECT_EQ(found[4].a, nullptr);
  EXPECT_FALSE(found[4].is_of_elements());
}

TEST(TensorDifference, FindsElementsInEveryBlock) {
  const ScratchFolder folder_a;
  const ScratchFolder folder_b;
  std::vector<float> values(static_cast<std::size_t>(kTensorBlock) / 4 * 2 + 5);
  const std::vector<std::int64_t> shape{std::ssize(values)};
  test::write_tensors(folder_a.path(), {test::tensor<float>("model/w", shape, values)});
  const std::size_t per_block = static_cast<std::size_t>(kTensorBlock) / 4;
  for (const std::size_t at : {std::size_t{0}, per_block - 1, per_block, values.size() - 1}) {
    values[at] = static_cast<float>(at % 7 + 1);
  }
  test::write_tensors(folder_b.path(), {test::tensor<float>("model/w", shape, values)});
  const CheckpointTensors a(folder_a.path());
  const CheckpointTensors b(folder_b.path());
  const std::vector<TensorDifference> found = differing_tensors(a, b);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].elements.count, 4);
}

}  // namespace
}  // namespace dga
