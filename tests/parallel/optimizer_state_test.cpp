// SPDX-License-Identifier: Apache-2.0

#include "dga/parallel/optimizer_state.h"

#include <gtest/gtest.h>
#include <torch/serialize/input-archive.h>
#include <torch/serialize/output-archive.h>

#include <map>
#include <sstream>
#include <string>
#include <typeinfo>
#include <vector>

#include "tests/support/state_net.h"

namespace dga::test {
namespace {

/// What torch itself writes of the state: the slow way, for any type.
std::map<std::string, c10::IValue> as_serialized(const torch::optim::OptimizerParamState& state) {
  torch::serialize::OutputArchive written;
  state.serialize(written);
  std::stringstream stream;
  written.save_to(stream);
  torch::serialize::InputArchive archive;
  archive.load_from(stream);
  std::map<std::string, c10::IValue> values;
  for (const std::string& key : archive.keys()) {
    archive.read(key, values[key]);
  }
  return values;
}

void expect_same(const StateValues& found, const std::map<std::string, c10::IValue>& expected) {
  std::map<std::string, c10::IValue> by_name(found.begin(), found.end());
  ASSERT_EQ(by_name.size(), expected.size());
  for (const auto& [name, value] : expected) {
    ASSERT_TRUE(by_name.count(name)) << name;
    const c10::IValue& own = by_name[name];
    ASSERT_EQ(own.tagKind(), value.tagKind()) << name;
    if (value.isTensor()) {
      EXPECT_TRUE(own.toTensor().equal(value.toTensor())) << name;
    } else {
      EXPECT_EQ(own, value) << name;
    }
  }
}

TEST(OptimizerState, HasWhatTorchSerializes) {
  int tested = 0;
  for (const OptimizerFactory& factory : factories()) {
    const at::Tensor parameter = at::arange(6, at::kFloat).requires_grad_();
    const auto optimizer = factory.element_wise(
        {torch::optim::OptimizerParamGroup(std::vector<at::Tensor>{parameter})});
    for (int step = 0; step < 2; ++step) {
      parameter.mutable_grad() = at::ones({6}) * (step + 1);
      optimizer->step();
    }
    const auto found = optimizer->state().find(parameter.unsafeGetTensorImpl());
    if (found == optimizer->state().end()) {  // plain SGD keeps none
      continue;
    }
    const auto expected = as_serialized(*found->second);
    const StateValues values = values_of(*found->second);
    expect_same(values, expected);
    const auto again = state_with(*found->second, values);
    EXPECT_EQ(typeid(*again), typeid(*found->second));
    expect_same(values_of(*again), expected);
    ++tested;
  }
  EXPECT_GE(tested, 5);
}

}  // namespace
}  // namespace dga::test
