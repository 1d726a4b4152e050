// SPDX-License-Identifier: Apache-2.0
//
// Tables of which a step touches few rows. The oracle is the same training with dense gradients.

#include <gmock/gmock.h>
#include <torch/nn/functional/loss.h>
#include <torch/nn/modules/embedding.h>
#include <torch/optim/adagrad.h>
#include <torch/optim/adamw.h>

#include <limits>

#include "tests/support/error_of.h"
#include "tests/train_engines/small_loop.h"

namespace dga::test {
namespace {

using testing::HasSubstr;

struct TableShape {
  std::int64_t rows = 40;
  std::int64_t width = 3;  // rows are cut between workers
  at::ScalarType type = at::kFloat;
};

/// A table whose rows are looked up, one for bags of rows, and a weight after them.
struct Tables : torch::nn::Module {
  explicit Tables(bool sparse, TableShape shape = {})
      : rows(torch::nn::EmbeddingOptions(shape.rows, shape.width).sparse(sparse)),
        bags(torch::nn::EmbeddingBagOptions(shape.rows, shape.width)
                 .mode(torch::kSum)
                 .sparse(sparse)) {
    register_module("rows", rows);
    register_module("bags", bags);
    const at::NoGradGuard no_grad;
    factor = register_parameter("factor", at::ones({shape.width}));
    int number = 0;
    for (at::Tensor& parameter : parameters()) {
      parameter.copy_((at::arange(parameter.numel(), at::kFloat) * 0.7 + number++)
                          .cos()
                          .reshape(parameter.sizes()));
    }
    to(shape.type);
  }
  at::Tensor loss(const at::Tensor& indices) {
    const at::Tensor looked_up = rows->forward(indices).sum(1) + bags->forward(indices);
    return (looked_up * factor).square().mean();
  }

  torch::nn::Embedding rows;
  torch::nn::EmbeddingBag bags;
  at::Tensor factor;
};

/// Two samples of two rows each, all different.
at::Tensor indices_of(int worker, std::int64_t step) {
  const std::int64_t first = (worker * 7 + step * 11) % 36;
  return at::tensor({first, first + 3, first + 1, first + 2}, at::kLong).reshape({2, 2});
}

void expect_same(const torch::nn::Module& a, const torch::nn::Module& b) {
  for (const auto& item : a.named_parameters()) {
    EXPECT_TRUE(item.value().equal(b.named_parameters()[item.key()])) << item.key();
  }
}

/// `train(net)` for sparse and for dense gradients, which must end with the same bits.
template <typename Train>
void expect_same_as_dense(const Environment& environment, TableShape shape, Train&& train) {
  auto sparse = std::make_shared<Tables>(true, shape);
  auto dense = std::make_shared<Tables>(false, shape);
  train(sparse);
  train(dense);
  expect_same(*sparse, *dense);
  EXPECT_FALSE(sparse->rows->weight.equal(std::make_shared<Tables>(true, shape)->rows->weight));
  environment.world().barrier();
}

OptimizerFactory adagrad() {
  return optimizer_factory<torch::optim::Adagrad>(torch::optim::AdagradOptions(0.1));
}

DGA_ENGINE_TEST(SparseGradients, GiveTheBitsOfDenseOnes) {
  for (const at::ScalarType type : {at::kFloat, at::kDouble, at::kBFloat16}) {
    for (const std::int64_t width : {1, 3, 64}) {
      expect_same_as_dense(environment, {.width = width, .type = type}, [&](const auto& net) {
        GradientAccumulator accumulator(environment, net, adagrad());
        for (int step = 0; step < 3; ++step) {
          accumulator.backward(net->loss(indices_of(environment.rank(), step)), 2);
          accumulator.step();
        }
      });
    }
  }
}

DGA_ENGINE_TEST(SparseGradients, GiveTheBitsOfDenseOnesWithAllThatAStepMayDo) {
  // Micro-steps, workers without samples, clipping, momentum, weight decay, noise.
  expect_same_as_dense(environment, {}, [&](const auto& net) {
    AccumulatorOptions options{.micro_steps = 4, .clip_norm = 0.2};
    options.grad_scaler = GradScalerOptions{.init_scale = 256};
    options.on_gradients = [](std::span<const GradientSlice> slices) {
      for (const GradientSlice& slice : slices) {
        slice.values.add_(0.01);  // also in rows that nobody has touched
      }
    };
    GradientAccumulator accumulator(
        environment, net, optimizer_factory<torch::optim::AdamW>(torch::optim::AdamWOptions(0.1)),
        options);
    for (int step = 0; step < 4; ++step) {
      const int calls = (environment.rank() + step) % 4;
      for (int call = 0; call < calls; ++call) {
        accumulator.backward(net->loss(indices_of(environment.rank(), 4 * step + call)), 2);
      }
      if (step == 2) {
        accumulator.zero_grad();
      }
      accumulator.backward(net->loss(indices_of(environment.rank(), 50 + step)),
                           calls == 3 ? 0 : 2);
      accumulator.step();
    }
  });
}

DGA_ENGINE_TEST(SparseGradients, MayMeetDenseOnesInOneTable) {
  // The table is also the output layer, so each of its rows has a gradient.
  const auto train = [&](bool sparse) {
    auto net = std::make_shared<Tables>(sparse);
    GradientAccumulator accumulator(environment, net, plain_sgd(), {.micro_steps = 2});
    for (int step = 0; step < 3; ++step) {
      const at::Tensor rows = indices_of(environment.rank(), step);
      accumulator.backward(net->loss(rows), 2);
      const at::Tensor scores = net->rows->forward(rows[0]).matmul(net->rows->weight.t());
      accumulator.backward(torch::nn::functional::cross_entropy(scores, rows[1]) + net->loss(rows),
                           2);
      accumulator.step();
    }
    environment.world().barrier();
    return net;
  };
  const auto sparse = train(true);
  const auto dense = train(false);
  EXPECT_TRUE(sparse->rows->weight.allclose(dense->rows->weight, 1e-5, 1e-6));
}

DGA_ENGINE_TEST(SparseGradients, OfARefusedStepAreForgotten) {
  auto net = std::make_shared<Tables>(true);
  auto other = std::make_shared<Tables>(true);
  GradientAccumulator accumulator(environment, net, adagrad());
  GradientAccumulator undisturbed(environment, other, adagrad());
  const int bad = environment.workers() - 1;
  for (int step = 0; step < 2; ++step) {
    const double factor = environment.rank() == bad ? std::numeric_limits<double>::infinity() : 1.0;
    accumulator.backward(net->loss(indices_of(environment.rank(), 9)) * factor, 2);
    EXPECT_THAT(error_of<Error>([&] { accumulator.step(); }),
                HasSubstr(dga::str("is not finite at step ", step, ": expected numbers, found ")));
    accumulator.backward(net->loss(indices_of(environment.rank(), step)), 2);
    accumulator.step();
    undisturbed.backward(other->loss(indices_of(environment.rank(), step)), 2);
    undisturbed.step();
  }
  expect_same(*net, *other);
  environment.world().barrier();
}

DGA_ENGINE_TEST(SparseGradients, ThatAreEditedAreFound) {
  auto net = std::make_shared<Tables>(true);
  GradientAccumulator accumulator(environment, net, adagrad());
  accumulator.backward(net->loss(indices_of(environment.rank(), 1)), 2);
  net->rows->weight.mutable_grad().data().mul_(0.5);
  EXPECT_THAT(error_of<InvalidArgument>([&] { accumulator.step(); }),
              HasSubstr("gradient of 'rows.weight': expected it as backward left it, found it "
                        "edited or replaced."));
  accumulator.backward(net->loss(indices_of(environment.rank(), 1)), 2);
  EXPECT_TRUE(accumulator.step());
}

DGA_ENGINE_TEST(SparseGradients, OfAnotherAccumulatorsBackwardAreUsedOrLeft) {
  // As two optimisers in torch: the second loss reaches the tables too.
  const auto train = [&](bool sparse) {
    auto net = std::make_shared<Tables>(sparse);
    auto head = constant_net();
    GradientAccumulator tables(environment, net, plain_sgd());
    GradientAccumulator heads(environment, head, plain_sgd());
    for (int step = 0; step < 3; ++step) {
      const auto loss = [&](std::int64_t salt) {
        return (squares_of(*head, environment.rank(), step) + 1) *
               net->loss(indices_of(environment.rank(), step + salt));
      };
      if (step != 1) {
        tables.backward(loss(0), 2);
      }
      heads.backward(loss(5), 2);
      heads.step();
      tables.step();
    }
    environment.world().barrier();
    return net;
  };
  expect_same(*train(true), *train(false));
}

}  // namespace
}  // namespace dga::test
