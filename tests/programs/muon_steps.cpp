// SPDX-License-Identifier: Apache-2.0
//
// Trains matrices with gradients from a file, on one worker, with Muon in a GradientAccumulator;
// tests/interop compares the result with PyTorch's.
//     muon_steps INPUT OUTPUT LR WEIGHT_DECAY MOMENTUM NESTEROV ADJUST_LR PRECISION
// INPUT: i64 number of matrices and of steps; i64 rows and columns of each; then f32 the matrices,
// and for every step their gradients, row by row. OUTPUT: the matrices afterwards.

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <torch/nn/module.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "dga/base/error.h"
#include "dga/launch/launch.h"
#include "dga/parallel/gradient_accumulator.h"
#include "dga/parallel/muon.h"

namespace {

void read(std::ifstream& file, void* data, std::size_t bytes) {
  DGA_CHECK(file.read(static_cast<char*>(data), static_cast<std::streamsize>(bytes)),
            "[tests] muon_steps: expected a longer input.");
}

void train(dga::Environment& env, std::ifstream& in, std::ofstream& out,
           const dga::MuonOptions& options) {
  std::int64_t counts[2];
  read(in, counts, sizeof counts);
  std::vector<std::int64_t> shapes(static_cast<std::size_t>(2 * counts[0]));
  read(in, shapes.data(), shapes.size() * sizeof(std::int64_t));
  const auto next = [&](std::size_t matrix) {
    at::Tensor values = at::empty({shapes[2 * matrix], shapes[2 * matrix + 1]});
    read(in, values.mutable_data_ptr(), values.nbytes());
    return values;
  };
  const auto module = std::make_shared<torch::nn::Module>("matrices");
  for (std::size_t i = 0; i < shapes.size() / 2; ++i) {
    module->register_parameter("m" + std::to_string(i), next(i));
  }
  const auto matrices = module->parameters();
  dga::GradientAccumulator accumulator(env, module, dga::muon_factory(options));
  for (std::int64_t step = 0; step < counts[1]; ++step) {
    at::Tensor loss = at::zeros({});
    for (std::size_t i = 0; i < matrices.size(); ++i) {
      loss = loss + (matrices[i] * next(i)).sum();  // whose gradient is what was read
    }
    accumulator.backward(loss, 1);
    accumulator.step();
  }
  for (const at::Tensor& matrix : matrices) {
    out.write(static_cast<const char*>(matrix.const_data_ptr()),
              static_cast<std::streamsize>(matrix.nbytes()));
  }
}

}  // namespace

int main(int argc, char** argv) try {
  DGA_CHECK(argc == 9, "[tests] muon_steps: expected 8 arguments, found ", argc - 1, ".");
  std::ifstream in(argv[1], std::ios::binary);
  std::ofstream out(argv[2], std::ios::binary);
  const auto options = dga::MuonOptions(std::atof(argv[3]))
                           .weight_decay(std::atof(argv[4]))
                           .momentum(std::atof(argv[5]))
                           .nesterov(std::atoi(argv[6]) != 0)
                           .adjust_lr(dga::muon_adjust_from(argv[7]))
                           .precision(dga::muon_precision_from(argv[8]));
  dga::launch({.engine = dga::Engine::threads, .workers = 1},
              [&](dga::Environment& env) { train(env, in, out, options); });
  out.close();
  return out ? 0 : 1;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
