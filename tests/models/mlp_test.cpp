// SPDX-License-Identifier: Apache-2.0

#include "dga/models/mlp.h"

#include <ATen/ops/from_blob.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/rand.h>
#include <gmock/gmock.h>

#include <cmath>
#include <string>
#include <vector>

#include "dga/base/error.h"
#include "dga/models/model.h"
#include "tests/support/error_of.h"

namespace dga {
namespace {

std::vector<std::string> names_of(const torch::nn::Module& module) {
  std::vector<std::string> names;
  for (const auto& item : module.named_parameters()) {
    names.push_back(item.key());
  }
  return names;
}

std::string error_with(const ModelCard& card) {
  return test::error_of<InvalidArgument>([&] { make_model(card, 1); });
}

TEST(Mlp, NamesItsParametersLayerByLayer) {
  const Mlp mlp(3, {5, 4}, 2);
  EXPECT_EQ(names_of(mlp),
            (std::vector<std::string>{"layers.0.weight", "layers.0.bias", "layers.1.weight",
                                      "layers.1.bias", "layers.2.weight", "layers.2.bias"}));
  EXPECT_EQ(mlp.parameters()[2].sizes(), (std::vector<std::int64_t>{4, 5}));
}

TEST(Mlp, MultipliesAddsAndCutsOffBelowZero) {
  Mlp mlp(2, {2}, 1);
  const auto set = [&](std::size_t index, std::vector<float> values) {
    at::Tensor parameter = mlp.parameters()[index].detach();
    parameter.copy_(at::from_blob(values.data(), parameter.sizes(), at::kFloat));
  };
  set(0, {1, 2, -1, -1});  // hidden: x + 2y + 1, -x - y + 2
  set(1, {1, 2});
  set(2, {10, 1});
  set(3, {0.5});
  std::vector<float> samples{1, 1, 4, 0};
  const at::Tensor out = mlp.forward(at::from_blob(samples.data(), {2, 2}, at::kFloat));
  EXPECT_EQ(out.sizes(), (std::vector<std::int64_t>{2, 1}));
  EXPECT_EQ(out[0][0].item<float>(), 10 * 4 + 0 + 0.5F);
  EXPECT_EQ(out[1][0].item<float>(), 10 * 5 + 0 + 0.5F);  // -4 + 2 is cut off
}

TEST(Mlp, WithoutHiddenLayersIsLinear) {
  const Mlp mlp(3, {}, 2);
  EXPECT_EQ(names_of(mlp), (std::vector<std::string>{"layers.0.weight", "layers.0.bias"}));
}

TEST(Mlp, TakesSamplesOfAnyShape) {
  const Model model = make_model({.input_shape = {2, 3}, .hidden = {4}, .outputs = 5}, 1);
  EXPECT_EQ(model.forward(at::ones({7, 2, 3})).sizes(), (std::vector<std::int64_t>{7, 5}));
}

TEST(Mlp, InitialisesByTheSeedAndTheParametersNameAlone) {
  Mlp a(3, {5, 4}, 2);
  Mlp other_head(3, {5, 4}, 9);
  a.initialise(7);
  other_head.initialise(7);
  EXPECT_TRUE(a.parameters()[0].equal(other_head.parameters()[0]));
  EXPECT_TRUE(a.parameters()[3].equal(other_head.parameters()[3]));
  EXPECT_FALSE(a.parameters()[1].slice(0, 0, 4).equal(a.parameters()[3])) << "names matter";
  const at::Tensor before = a.parameters()[0].detach().clone();
  a.initialise(8);
  EXPECT_FALSE(before.equal(a.parameters()[0]));
}

TEST(Mlp, InitialisesWithinTheBoundThatTorchUses) {
  Mlp mlp(16, {400}, 1);
  mlp.initialise(1);
  const at::Tensor weight = mlp.parameters()[0].detach();
  EXPECT_LE(weight.abs().max().item<float>(), 0.25F);
  EXPECT_GT(weight.abs().max().item<float>(), 0.249F);
  EXPECT_NEAR(weight.mean().item<float>(), 0, 0.01);
}

TEST(Mlp, DropsOutWhileTrainingOnly) {
  Mlp mlp(4, {1000}, 1, 0.5);
  mlp.initialise(1);
  const at::Tensor x = at::ones({1, 4});
  mlp.eval();
  EXPECT_TRUE(mlp.forward(x).equal(mlp.forward(x)));
  mlp.train();
  EXPECT_FALSE(mlp.forward(x).equal(mlp.forward(x)));
}

TEST(Model, IsMadeWithoutDrawingFromTheUsersGenerator) {
  torch::manual_seed(3);
  const at::Tensor expected = at::rand({4});
  torch::manual_seed(3);
  make_model({.input_shape = {3}, .hidden = {4}, .outputs = 2}, 1);
  EXPECT_TRUE(at::rand({4}).equal(expected));
}

TEST(Model, RefusesWhatMakesNoSense) {
  EXPECT_EQ(error_with({.model = "mpl", .input_shape = {3}, .outputs = 2}),
            "[models] model: expected one of mlp, found 'mpl'. Choose one of them.");
  EXPECT_EQ(error_with({.input_shape = {3}, .hidden = {4, 0}, .outputs = 2}),
            "[models] mlp: expected hidden layers of at least 1, found 0.");
  EXPECT_EQ(error_with({.input_shape = {3}, .outputs = 2, .dropout = 1}),
            "[models] mlp: expected a dropout of at least 0 and below 1, found 1.");
}

}  // namespace
}  // namespace dga
