// SPDX-License-Identifier: Apache-2.0

#include "tests/train_engines/oracle.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros_like.h>
#include <gtest/gtest.h>
#include <torch/nn/utils/clip_grad.h>

#include <algorithm>
#include <cstring>

#include "dga/base/random.h"
#include "dga/parallel/keyed_random_scope.h"
#include "tests/support/reference_tree.h"

namespace dga::test {
namespace {

struct MadeUpBatch {
  at::Tensor x;
  at::Tensor target;
};

MadeUpBatch batch_of(const Job& job, int worker, int micro, std::int64_t step,
                     std::int64_t samples) {
  auto generator = at::detail::createCPUGenerator(
      stream_key(static_cast<std::uint64_t>(micro), "batch", worker, step));
  std::vector<std::int64_t> shape{samples};
  shape.insert(shape.end(), job.input.begin(), job.input.end());
  const auto options = at::TensorOptions(job.type);
  return {at::randn(shape, generator, options),
          at::randn({samples, job.outputs}, generator, options)};
}

at::Tensor loss_of(Net& net, const MadeUpBatch& batch, int worker, std::int64_t step) {
  return (net.forward(batch.x, worker, step).to(batch.target.scalar_type()) - batch.target)
      .square()
      .mean();
}

std::vector<at::Tensor> unique_trained(const Net& net) {
  std::vector<at::Tensor> unique;
  for (const at::Tensor& parameter : net.parameters()) {
    const auto same = [&](const at::Tensor& other) { return other.is_same(parameter); };
    if (parameter.requires_grad() && std::none_of(unique.begin(), unique.end(), same)) {
      unique.push_back(parameter);
    }
  }
  return unique;
}

using Optimizers = std::vector<std::unique_ptr<torch::optim::Optimizer>>;

bool is_atomic(const AtomicOptimizer& atomic, const std::string& name, const at::Tensor& tensor) {
  bool excepted = false;
  for (const std::string& entry : atomic.except) {
    excepted = excepted || name == entry || name.rfind(entry + ".", 0) == 0;
  }
  return atomic.selects && !excepted && atomic.selects(name, tensor);
}

/// torch's own optimisers over the module's own tensors, in the groups that the options describe:
/// the element-wise one and, where the factory has one, the one for whole parameters.
Optimizers plain_optimizers(const Job& job, const Net& net) {
  Optimizers optimizers;
  for (const bool atomic : {false, true}) {
    if (atomic && !job.factory.atomic.selects) {
      continue;
    }
    std::vector<std::vector<at::Tensor>> tensors(job.options.groups.size() + 1);
    std::vector<at::Tensor> seen;
    for (const auto& item : net.named_parameters()) {
      const auto same = [&](const at::Tensor& other) { return other.is_same(item.value()); };
      if (!item.value().requires_grad() || std::any_of(seen.begin(), seen.end(), same)) {
        continue;
      }
      seen.push_back(item.value());
      if (is_atomic(job.factory.atomic, item.key(), item.value()) != atomic) {
        continue;
      }
      std::size_t group = 0;
      while (group < job.options.groups.size() &&
             !job.options.groups[group].contains(item.key(), item.value())) {
        ++group;
      }
      tensors[group].push_back(item.value());
    }
    std::vector<torch::optim::OptimizerParamGroup> groups;
    for (std::size_t group = 0; group < job.options.groups.size(); ++group) {
      const ParameterGroup& described = job.options.groups[group];
      const auto& options = atomic ? described.atomic_options : described.options;
      groups.emplace_back(tensors[group]);
      if (options) {
        groups.back().set_options(options->clone());
      }
    }
    groups.emplace_back(tensors.back());
    optimizers.push_back(
        (atomic ? job.factory.atomic.make : job.factory.element_wise)(std::move(groups)));
  }
  return optimizers;
}

/// `rates`: the learning rate that each group of each optimiser began with, once known.
void step_plain(const Job& job, const Optimizers& optimizers, const Net& net, std::int64_t step,
                std::vector<double>& rates) {
  if (job.options.clip_norm > 0) {
    torch::nn::utils::clip_grad_norm_(unique_trained(net), job.options.clip_norm);
  }
  std::size_t next = 0;
  for (const auto& optimizer : optimizers) {
    for (auto& group : optimizer->param_groups()) {
      if (next == rates.size()) {
        rates.push_back(group.options().get_lr());
      }
      if (job.options.learning_rate) {
        group.options().set_lr(rates[next] * job.options.learning_rate(step));
      }
      ++next;
    }
    optimizer->step();
  }
}

/// One worker's gradients of a step, undefined where unused, and the samples that they are over.
struct Shard {
  std::vector<at::Tensor> gradients;
  std::int64_t unit = 0;
  std::int64_t samples = 0;
};

Shard shard_gradients(const Job& job, Net& net, const std::vector<at::Tensor>& parameters,
                      int worker, std::int64_t step) {
  Shard shard;
  for (const at::Tensor& parameter : parameters) {
    parameter.mutable_grad().reset();
  }
  for (int micro = 0; micro < job.options.micro_steps; ++micro) {
    const std::int64_t samples = job.samples(worker, micro, step);
    if (samples == 0) {
      continue;
    }
    shard.samples += samples;
    if (shard.unit == 0) {
      shard.unit = samples;
    }
    const at::Tensor loss = loss_of(net, batch_of(job, worker, micro, step, samples), worker, step);
    loss.backward(at::full({}, static_cast<double>(samples) / static_cast<double>(shard.unit),
                           loss.options().requires_grad(false)));
  }
  for (const at::Tensor& parameter : parameters) {
    shard.gradients.push_back(parameter.grad());
  }
  return shard;
}

/// The fixed tree over the shards' gradients of parameter `i`, written with torch operators.
at::Tensor tree_sum(const std::vector<Shard>& shards, std::size_t i, std::int64_t total,
                    const at::Tensor& parameter) {
  bool used = false;
  std::vector<at::Tensor> leaves;
  for (const Shard& shard : shards) {
    const at::Tensor& gradient = shard.gradients[i];
    used = used || gradient.defined();
    // Half and BFloat16 are added up in Float.
    const auto type = parameter.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
    const double weight = static_cast<double>(shard.unit) / static_cast<double>(total);
    leaves.push_back(
        (gradient.defined() ? gradient : at::zeros_like(parameter)).to(type).mul(weight));
  }
  if (!used) {
    return {};
  }
  return reference_tree(leaves, [](const at::Tensor& a, const at::Tensor& b) { return a + b; })
      .to(parameter.scalar_type());
}

std::vector<at::Tensor> copies(const std::vector<at::Tensor>& tensors) {
  std::vector<at::Tensor> all;
  for (const at::Tensor& tensor : tensors) {
    all.push_back(tensor.detach().clone());
  }
  return all;
}

void assign(const std::vector<at::Tensor>& to, const std::vector<at::Tensor>& from) {
  const at::NoGradGuard no_grad;
  for (std::size_t i = 0; i < to.size(); ++i) {
    to[i].copy_(from[i]);
  }
}

/// Of a moving average, before the first step. Half and BFloat16 are averaged in Float.
std::vector<at::Tensor> averages_of(const std::vector<at::Tensor>& parameters) {
  std::vector<at::Tensor> all;
  for (const at::Tensor& parameter : parameters) {
    const auto type = parameter.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
    all.push_back(parameter.detach().to(type, false, true));
  }
  return all;
}

void update_averages(const std::vector<at::Tensor>& averages,
                     const std::vector<at::Tensor>& parameters, double decay) {
  for (std::size_t i = 0; i < averages.size(); ++i) {
    averages[i].lerp_(parameters[i].detach().to(averages[i].scalar_type()), 1 - decay);
  }
}

/// Mean over workers, weighted by samples, in f64; maximum of whole numbers.
void average_buffers(const Net& net, const std::vector<std::vector<at::Tensor>>& by_worker,
                     const std::vector<std::int64_t>& samples) {
  const auto buffers = net.buffers();
  for (std::size_t i = 0; i < buffers.size(); ++i) {
    std::vector<at::Tensor> leaves;
    at::Tensor largest = by_worker.front()[i];
    double total = 0;
    for (std::size_t worker = 0; worker < by_worker.size(); ++worker) {
      const auto weight = static_cast<double>(samples[worker]);
      leaves.push_back(by_worker[worker][i].to(at::kDouble) * weight);
      largest = at::maximum(largest, by_worker[worker][i]);
      total += weight;
    }
    if (buffers[i].is_floating_point()) {
      buffers[i].copy_(
          reference_tree(leaves, [](const at::Tensor& a, const at::Tensor& b) { return a + b; }) /
          total);
    } else {
      buffers[i].copy_(largest);
    }
  }
}

}  // namespace

std::shared_ptr<Net> build(const Job& job, std::uint64_t seed) {
  const KeyedRandomScope random(stream_key(seed, "init"));
  auto net = job.build();
  net->to(job.type);
  return net;
}

std::int64_t samples_of_step(const Job& job, int workers, std::int64_t step) {
  std::int64_t total = 0;
  for (int worker = 0; worker < workers; ++worker) {
    for (int micro = 0; micro < job.options.micro_steps; ++micro) {
      total += job.samples(worker, micro, step);
    }
  }
  return total;
}

std::shared_ptr<Net> train(const Environment& env, const Job& job) {
  auto net = build(job, env.seed());
  GradientAccumulator accumulator(env, net, job.factory, job.options);
  const auto backward = [&](int worker, std::int64_t step) {
    for (int micro = 0; micro < job.options.micro_steps; ++micro) {
      const std::int64_t samples = job.samples(worker, micro, step);
      if (samples == 0) {
        accumulator.backward({}, 0);
        continue;
      }
      const MadeUpBatch batch = batch_of(job, worker, micro, step, samples);
      accumulator.backward(loss_of(*net, batch, worker, step), samples);
    }
  };
  const WorkerBlock block = env.block();
  for (std::int64_t step = 0; step < job.steps; ++step) {
    if (!env.blocks().one_each()) {
      accumulator.expect_samples(samples_of_step(job, env.blocks().workers(), step));
    }
    for (int worker = block.first; worker < block.end(); ++worker) {
      accumulator.begin_turn(worker);
      backward(worker, step);
      accumulator.end_turn();
    }
    accumulator.step();
  }
  accumulator.synchronize_buffers();
  if (job.options.ema_decay > 0) {
    accumulator.use_average(true);
  }
  return net;
}

std::shared_ptr<Net> train_over_shards(const Job& job, int workers, std::uint64_t seed) {
  at::set_num_threads(1);
  auto net = build(job, seed);
  const Optimizers optimizers = plain_optimizers(job, *net);
  const auto parameters = unique_trained(*net);
  std::vector<double> rates;
  std::vector<std::vector<at::Tensor>> buffers(static_cast<std::size_t>(workers),
                                               copies(net->buffers()));
  std::vector<std::int64_t> seen(static_cast<std::size_t>(workers), 0);
  std::vector<at::Tensor> averages = averages_of(parameters);
  for (std::int64_t step = 0; step < job.steps; ++step) {
    std::vector<Shard> shards;
    std::int64_t total = 0;
    for (int worker = 0; worker < workers; ++worker) {
      const KeyedRandomScope random(stream_key(seed, "train", worker, step));
      auto& own = buffers[static_cast<std::size_t>(worker)];
      assign(net->buffers(), own);
      shards.push_back(shard_gradients(job, *net, parameters, worker, step));
      own = copies(net->buffers());
      total += shards.back().samples;
      seen[static_cast<std::size_t>(worker)] += shards.back().samples;
    }
    if (total == 0) {
      continue;
    }
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      parameters[i].mutable_grad() = tree_sum(shards, i, total, parameters[i]);
    }
    step_plain(job, optimizers, *net, step, rates);
    update_averages(averages, parameters, job.options.ema_decay);
  }
  if (job.options.ema_decay > 0) {
    assign(parameters, averages);
  }
  average_buffers(*net, buffers, seen);
  return net;
}

std::shared_ptr<Net> train_on_whole_batch(const Job& job, int workers, std::uint64_t seed) {
  at::set_num_threads(1);
  auto net = build(job, seed);
  const Optimizers optimizers = plain_optimizers(job, *net);
  std::vector<double> rates;
  for (std::int64_t step = 0; step < job.steps; ++step) {
    std::vector<at::Tensor> xs;
    std::vector<at::Tensor> targets;
    for (int worker = 0; worker < workers; ++worker) {
      for (int micro = 0; micro < job.options.micro_steps; ++micro) {
        const std::int64_t samples = job.samples(worker, micro, step);
        if (samples > 0) {
          MadeUpBatch batch = batch_of(job, worker, micro, step, samples);
          xs.push_back(std::move(batch.x));
          targets.push_back(std::move(batch.target));
        }
      }
    }
    net->zero_grad();
    loss_of(*net, {at::cat(xs), at::cat(targets)}, 0, step).backward();
    step_plain(job, optimizers, *net, step, rates);
  }
  return net;
}

void expect_equal(const Environment& env, const torch::nn::Module& module,
                  const std::function<std::shared_ptr<Net>()>& expected, double tolerance) {
  const bool root = env.is_root();
  const std::shared_ptr<Net> reference = root ? expected() : nullptr;
  const at::NoGradGuard no_grad;
  const auto compare = [&](const auto& items, const auto& references, const char* kind) {
    for (std::size_t i = 0; i < items.size(); ++i) {
      const at::Tensor found = items[i].value().detach().contiguous();
      at::Tensor wanted =
          root ? references[i].value().detach().contiguous() : at::zeros_like(found);
      env.world().broadcast(
          {wanted.data_ptr(), static_cast<std::int64_t>(wanted.nbytes()), DType::u8}, 0,
          "expected");
      if (tolerance == 0) {
        EXPECT_EQ(std::memcmp(found.const_data_ptr(), wanted.const_data_ptr(), found.nbytes()), 0)
            << kind << " " << items[i].key() << " on worker " << env.rank() << " differs by "
            << (found.to(at::kDouble) - wanted.to(at::kDouble)).abs().max().template item<double>();
        continue;
      }
      const auto scale = wanted.to(at::kDouble).abs().max().template item<double>();
      const auto distance =
          (found.to(at::kDouble) - wanted.to(at::kDouble)).abs().max().template item<double>();
      EXPECT_LE(distance, tolerance * scale)
          << kind << " " << items[i].key() << " on worker " << env.rank();
    }
  };
  using Items = decltype(module.named_parameters());
  compare(module.named_parameters(), root ? reference->named_parameters() : Items(), "parameter");
  if (tolerance == 0) {
    compare(module.named_buffers(), root ? reference->named_buffers() : Items(), "buffer");
  }
}

void expect_bits_of_the_loop_over_shards(const Environment& env, const Job& job) {
  const auto net = train(env, job);
  expect_equal(env, *net,
               [&] { return train_over_shards(job, env.blocks().workers(), env.seed()); });
}

}  // namespace dga::test
