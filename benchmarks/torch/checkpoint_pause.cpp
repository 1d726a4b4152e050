// SPDX-License-Identifier: Apache-2.0
//
// How long a checkpoint stops training, beside a plain copy of as many bytes, and how long it takes
// to write and to read again:
//
//     checkpoint_pause ENGINE CARRIERS MIB FOLDER [ROUNDS]
//
// MIB: of the parameters with AdamW's state for them. FOLDER, which must exist, gets the files.
// Prints a line of JSON: medians in milliseconds, of the slowest carrier of each round.

#include <ATen/ops/full.h>
#include <torch/nn/module.h>
#include <torch/optim/adamw.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "dga/base/clock.h"
#include "dga/launch/launch.h"
#include "dga/parallel/gradient_accumulator.h"
#include "dga/storage/atomic_file.h"
#include "dga/storage/checkpoint_names.h"
#include "dga/storage/checkpoint_tensors.h"
#include "dga/storage/manifest.h"
#include "dga/storage/run_folder.h"
#include "dga/storage/store_path.h"
#include "dga/train/checkpoint.h"

namespace {

constexpr int kTensors = 8;
constexpr std::int64_t kCopies = 3;  // the parameters, and two of AdamW for each

struct Net : torch::nn::Module {
  explicit Net(std::int64_t elements) {
    for (int i = 0; i < kTensors; ++i) {
      register_parameter("part" + std::to_string(i), at::full({elements / kTensors}, 0.5F));
    }
  }
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// The milliseconds of the slowest carrier. Collective.
double slowest(const dga::Environment& env, const std::function<void()>& work) {
  env.world().barrier();
  const double begin = dga::now_seconds();
  work();
  double milliseconds = 1000 * (dga::now_seconds() - begin);
  env.world().all_reduce({&milliseconds, 1}, dga::ReduceOp::max);
  return milliseconds;
}

/// Commits the files of all carriers, on worker 0. Collective.
void write_manifest(const dga::Environment& env, const std::string& folder,
                    const dga::ContentSum& own) {
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(env.workers()));
  env.world().all_gather({&own.bytes, 1}, {sizes.data(), env.workers()});
  if (env.is_root()) {
    dga::Manifest manifest;
    for (int carrier = 0; carrier < env.workers(); ++carrier) {
      manifest.files[dga::tensor_file_of(carrier)] = {sizes[static_cast<std::size_t>(carrier)],
                                                      own.checksum};
    }
    dga::atomic_write(dga::path_in(folder, dga::kManifestFile), dga::to_json(manifest));
  }
  env.world().barrier();
}

void measure(dga::Environment& env, std::int64_t bytes, const std::string& folder, int rounds) {
  const auto net = std::make_shared<Net>(bytes / kCopies / 4);
  dga::GradientAccumulator accumulator(
      env, net, dga::optimizer_factory<torch::optim::AdamW>(torch::optim::AdamWOptions(1e-3)));
  const auto train = [&] {
    at::Tensor loss = at::full({}, 0.0F);
    for (const at::Tensor& parameter : net->parameters()) {
      loss = loss + parameter.sum();
    }
    accumulator.backward(loss, 1);
    accumulator.step();
  };
  train();
  const auto share = static_cast<std::size_t>(bytes / env.workers());
  std::vector<char> from(share, 'a');
  std::vector<char> to(share, 'b');
  dga::SnapshotMemory memory;
  std::vector<double> copy;
  std::vector<double> pause;
  std::vector<double> write;
  std::vector<double> read;
  std::vector<double> load;
  for (int round = 0; round < rounds; ++round) {
    copy.push_back(slowest(env, [&] { std::memcpy(to.data(), from.data(), share); }));
    std::unique_ptr<dga::CheckpointShard> shard;
    dga::AccumulatorState rest;
    pause.push_back(slowest(env, [&] {
      shard = std::make_unique<dga::CheckpointShard>(accumulator.owned_state(rest), memory);
    }));
    dga::ContentSum written;
    write.push_back(slowest(env, [&] {
      dga::AtomicFile file(dga::path_in(folder, dga::tensor_file_of(env.rank())));
      dga::write_tensor_parts(file, shard->parts());
      written = file.written();
    }));
    write_manifest(env, folder, written);
    shard.reset();
    read.push_back(slowest(env, [&] {
      const auto source =
          dga::StorePath(dga::path_in(folder, dga::tensor_file_of(env.rank()))).open();
      source->read(0, std::span(to).first(
                          std::min<std::size_t>(share, static_cast<std::size_t>(source->size()))));
    }));
    load.push_back(slowest(env, [&] {
      const dga::CheckpointTensors tensors(folder);
      accumulator.load_owned_state(
          rest, [&](const dga::OwnedRange& range) { return dga::read_range(tensors, range); });
    }));
    train();
  }
  if (env.is_root()) {
    std::printf(
        "{\"bytes\": %lld, \"copy_ms\": %.2f, \"pause_ms\": %.2f, \"write_ms\": %.2f, "
        "\"read_ms\": %.2f, \"load_ms\": %.2f}\n",
        static_cast<long long>(bytes), median(copy), median(pause), median(write), median(read),
        median(load));
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) {
    std::fprintf(stderr, "usage: checkpoint_pause ENGINE CARRIERS MIB FOLDER [ROUNDS]\n");
    return 2;
  }
  const dga::Engine engine =
      std::string(argv[1]) == "processes" ? dga::Engine::processes : dga::Engine::threads;
  const std::int64_t bytes = std::int64_t{std::atoi(argv[3])} << 20;
  const std::string folder = argv[4];
  const int rounds = argc > 5 ? std::atoi(argv[5]) : 5;
  dga::launch({.engine = engine, .workers = std::atoi(argv[2])},
              [&](dga::Environment& env) { measure(env, bytes, folder, rounds); });
  return 0;
}
