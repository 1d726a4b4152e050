// SPDX-License-Identifier: Apache-2.0
//
// The modules that the tests train, and who has how many samples.

#pragma once

#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/dropout.h>
#include <torch/nn/modules/linear.h>

#include "tests/train_engines/oracle.h"

namespace dga::test {

namespace nn = torch::nn;

struct Mlp : Net {
  explicit Mlp(double dropout = 0) : drop(nn::DropoutOptions(dropout)) {
    register_module("fc1", fc1);
    register_module("fc2", fc2);
    register_module("drop", drop);
  }
  at::Tensor forward(const at::Tensor& x, int, std::int64_t) override {
    return fc2(drop(fc1(x).relu()));
  }
  nn::Linear fc1{12, 33};
  nn::Linear fc2{33, 5};
  nn::Dropout drop;
};

/// Samples that differ by worker, micro-step and step; every third worker has none at all.
inline std::int64_t uneven(int worker, int micro, std::int64_t step) {
  if (worker % 3 == 1) {
    return 0;
  }
  return (worker * 5 + micro * 3 + step * 2) % 7 + (worker == 0 ? 1 : 0);
}

struct ConvNet : Net {
  ConvNet() {
    register_module("conv", conv);
    register_module("norm", norm);
    register_module("fc", fc);
  }
  at::Tensor forward(const at::Tensor& x, int, std::int64_t) override {
    return fc(norm(conv(x)).relu().mean({2, 3}));
  }
  nn::Conv2d conv{nn::Conv2dOptions(3, 8, 3).padding(1)};
  nn::BatchNorm2d norm{8};
  nn::Linear fc{8, 5};
};

/// `left` is used in even steps, `right` by odd workers only, `never` by nobody; `frozen` does not
/// want a gradient, and `again` is the first layer's weight under a second name.
struct Odd : Net {
  Odd() {
    register_module("left", left);
    register_module("first", first);
    register_module("right", right);
    register_module("never", never);
    register_module("frozen", frozen);
    register_module("last", last);
    again = register_parameter("again", first->weight);
    for (auto& parameter : frozen->parameters()) {
      parameter.requires_grad_(false);
    }
  }
  at::Tensor forward(const at::Tensor& x, int worker, std::int64_t step) override {
    auto y = frozen(at::matmul(first(x), again.t()).tanh());
    if (step % 2 == 0) {
      y = left(y);
    }
    if (worker % 2 == 1) {
      y = right(y);
    }
    return last(y.tanh());
  }
  nn::Linear left{12, 12};
  nn::Linear first{12, 12};
  nn::Linear right{12, 12};
  nn::Linear never{12, 12};
  nn::Linear frozen{12, 12};
  nn::Linear last{12, 5};
  at::Tensor again;
};

/// A first layer in Float, a last one in Double, a scale in BFloat16.
struct Mixed : Net {
  Mixed() {
    register_module("fc1", fc1);
    register_module("fc2", fc2);
    scale = register_parameter("scale", at::ones({33}, at::kBFloat16));
    register_parameter("empty", at::ones({0}));
    offset = register_parameter("offset", at::zeros({}));
    fc2->to(at::kDouble);
  }
  // The job's type is for whole models.
  void to(at::ScalarType, bool = false) override {}
  at::Tensor forward(const at::Tensor& x, int, std::int64_t) override {
    return fc2(((fc1(x).relu() + offset) * scale).to(at::kDouble));
  }
  nn::Linear fc1{12, 33};
  nn::Linear fc2{33, 5};
  at::Tensor scale;
  at::Tensor offset;
};

/// Its first weight lies column by column.
struct Strided : Net {
  Strided() {
    weight = register_parameter("weight", at::randn({12, 33}).t());
    register_module("fc", fc);
  }
  at::Tensor forward(const at::Tensor& x, int, std::int64_t) override {
    return fc(at::matmul(x, weight.t()).relu());
  }
  at::Tensor weight;
  nn::Linear fc{33, 5};
};

}  // namespace dga::test
