// SPDX-License-Identifier: Apache-2.0
//
// Weights of any module, to a file and back.

#include "dga/predict/weights.h"

#include <ATen/Functions.h>
#include <gmock/gmock.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/linear.h>

#include <array>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "dga/base/error.h"
#include "dga/storage/safetensors.h"
#include "tests/support/error_of.h"
#include "tests/support/scratch_folder.h"

namespace dga {
namespace {

using testing::ElementsAre;

/// Parameters of two types, one of them frozen and one tied, and buffers.
struct Net : torch::nn::Module {
  explicit Net(std::int64_t width = 3) : first(2, width), norm(width) {
    register_module("first", first);
    register_module("norm", norm);
    scale = register_parameter("scale", at::rand({2, 2}, at::kDouble).t(), false);
    register_parameter("tied", first->weight);
  }
  at::Tensor forward(const at::Tensor& x) { return norm(first(x)); }
  torch::nn::Linear first;
  torch::nn::BatchNorm1d norm;
  at::Tensor scale;
};

std::vector<at::Tensor> copies(const torch::nn::Module& module) {
  std::vector<at::Tensor> all;
  for (const auto& tensor : module.parameters()) {
    all.push_back(tensor.detach().clone());
  }
  for (const auto& tensor : module.buffers()) {
    all.push_back(tensor.clone());
  }
  return all;
}

void expect_equal(const std::vector<at::Tensor>& found, const std::vector<at::Tensor>& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_TRUE(found[i].equal(expected[i])) << i;
  }
}

/// `change` is made to the tensors of a file of a Net(), which is written to `path`.
void write_changed(const std::string& path,
                   const std::function<void(std::vector<TensorView>&)>& change) {
  save_weights(path, *std::make_shared<Net>());
  const Safetensors file(path);
  std::vector<std::vector<std::byte>> bytes;
  std::vector<TensorView> tensors;
  for (const StoredTensor& stored : file.tensors()) {
    bytes.emplace_back(static_cast<std::size_t>(stored.bytes));
    file.read(stored, bytes.back());
    tensors.push_back({.name = stored.name,
                       .type = stored.type,
                       .shape = stored.shape,
                       .data = bytes.back().data()});
  }
  change(tensors);
  write_safetensors(path, tensors);
}

TEST(Weights, ComeBackBitForBit) {
  const ScratchFolder folder;
  const std::string path = folder.file("net.safetensors");
  const auto saved = std::make_shared<Net>();
  saved->forward(at::rand({5, 2}));  // moves the running statistics
  save_weights(path, *saved);
  EXPECT_THAT(folder.names(), ElementsAre("net.safetensors"));
  const auto loaded = std::make_shared<Net>();
  load_weights(path, *loaded);
  expect_equal(copies(*loaded), copies(*saved));
  EXPECT_EQ(weights_sha256(*loaded), weights_sha256(*saved));
  EXPECT_FALSE(loaded->scale.is_contiguous()) << "the module keeps its own layout";
  EXPECT_EQ(loaded->named_parameters()["tied"].data_ptr(), loaded->first->weight.data_ptr());
  EXPECT_TRUE(loaded->first->weight.requires_grad());
}

TEST(Weights, OfAHolderComeBack) {
  const ScratchFolder folder;
  torch::nn::Linear saved(3, 2);
  save_weights(folder.file("a"), *saved);
  torch::nn::Linear loaded(3, 2);
  load_weights(folder.file("a"), *loaded);
  expect_equal(copies(*loaded), copies(*saved));
}

TEST(Weights, LieInTheFileUnderTheirNamesEachOnce) {
  const ScratchFolder folder;
  const auto net = std::make_shared<Net>();
  save_weights(folder.file("net"), *net);
  const Safetensors file(folder.file("net"));
  std::vector<std::string> names;
  std::int64_t bytes = 0;
  for (const StoredTensor& tensor : file.tensors()) {
    names.push_back(tensor.name);
    bytes += tensor.bytes;
  }
  // Own parameters first, as torch lists them; `tied` is the weight of `first` under its first
  // name.
  EXPECT_THAT(names,
              ElementsAre("scale", "tied", "first.bias", "norm.weight", "norm.bias",
                          "norm.running_mean", "norm.running_var", "norm.num_batches_tracked"));
  EXPECT_EQ(weight_bytes(*net), bytes);
  const StoredTensor& scale = file.at("scale");
  EXPECT_EQ(scale.type, DType::f64);
  const at::Tensor rows = net->scale.contiguous();
  std::array<std::byte, 32> stored{};
  file.read(scale, stored);
  EXPECT_EQ(std::memcmp(stored.data(), rows.const_data_ptr(), 32), 0) << "row by row";
}

TEST(Weights, ThatDoNotFitChangeNothing) {
  const ScratchFolder folder;
  const std::string path = folder.file("net");
  const auto net = std::make_shared<Net>();
  const std::vector<at::Tensor> before = copies(*net);
  const auto error_after = [&](const std::function<void(std::vector<TensorView>&)>& change) {
    write_changed(path, change);
    const std::string text = test::error_of<StorageError>([&] { load_weights(path, *net); });
    expect_equal(copies(*net), before);
    return text;
  };
  EXPECT_EQ(error_after([](auto& tensors) { tensors.pop_back(); }),
            "[storage] " + path +
                ": expected tensor 'norm.num_batches_tracked', found none of that name among 7. "
                "Copy the file again, or save the model again.");
  const float extra = 1;
  EXPECT_EQ(
      error_after([&](auto& tensors) {
        tensors.push_back({.name = "extra", .type = DType::f32, .shape = {1}, .data = &extra});
      }),
      "[predict] " + path +
          ": expected the tensors of the module, found 'extra', which it does not have. Take the "
          "weights of the same model.");
  EXPECT_EQ(error_after([](auto& tensors) {
              tensors[5].shape = {1, 3};
            }),
            "[predict] " + path +
                ": expected tensor 'norm.running_mean' of shape [3], found [1, 3]. Take the "
                "weights of the same model.");
  EXPECT_EQ(error_after([](auto& tensors) { tensors.back().type = DType::f64; }),
            "[predict] " + path +
                ": expected tensor 'norm.num_batches_tracked' of type i64, found f64. Convert the "
                "module or the file.");
  EXPECT_NE(test::error_of<StorageError>([&] { load_weights(folder.file("nothing"), *net); }), "");
  expect_equal(copies(*net), before);
}

TEST(Weights, ReplaceAFileWholeOrNotAtAll) {
  const ScratchFolder folder;
  const std::string path = folder.file("net");
  torch::nn::Linear first(3, 2);
  torch::nn::Linear second(3, 2);
  save_weights(path, *first);
  second->weight.set_data(at::zeros({2, 3}, at::kComplexFloat));
  EXPECT_THROW(save_weights(path, *second), InvalidArgument);
  torch::nn::Linear loaded(3, 2);
  load_weights(path, *loaded);
  expect_equal(copies(*loaded), copies(*first));
  EXPECT_THAT(folder.names(), ElementsAre("net"));
  EXPECT_NE(test::error_of<StorageError>([&] { save_weights(folder.file("no/such"), *first); }),
            "");
}

}  // namespace
}  // namespace dga
