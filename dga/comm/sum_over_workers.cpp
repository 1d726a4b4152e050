// SPDX-License-Identifier: Apache-2.0

#include "dga/comm/sum_over_workers.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "dga/comm/collectives/tree_reduce.h"

namespace dga {
namespace {

void add_up(const std::vector<ReduceSource>& sources, double* out, std::int64_t count) {
  const std::array<void*, 1> outs{out};
  tree_reduce(sources, outs, count, DType::f64, ReduceOp::sum, false);
}

/// The sums of a carrier's own workers, for each tree node of its cover.
std::vector<double> cover_sums(const WorkerBlocks& blocks, int carrier,
                               const std::vector<double>& own, std::int64_t count) {
  const int first = blocks.of(carrier).first;
  const std::vector<TreeNode> cover = blocks.cover_of(carrier);
  std::vector<double> sums(cover.size() * static_cast<std::size_t>(count));
  double* out = sums.data();
  for (const TreeNode& node : cover) {
    std::vector<ReduceSource> sources;
    for (int worker = node.first; worker < node.first + node.size; ++worker) {
      sources.push_back({.node = {worker, 1, 0}, .data = own.data() + (worker - first) * count});
    }
    add_up(sources, out, count);
    out += count;
  }
  return sums;
}

}  // namespace

std::vector<double> sum_over_workers(const Communicator& carriers, const WorkerBlocks& blocks,
                                     std::vector<double> own, std::string_view label) {
  const auto size = static_cast<std::int64_t>(own.size());
  if (blocks.one_each()) {
    carriers.all_reduce({own.data(), size}, ReduceOp::sum, label);
    return own;
  }
  const std::int64_t count = size / blocks.of(carriers.rank()).count;
  const std::vector<double> mine = cover_sums(blocks, carriers.rank(), own, count);
  std::vector<std::int64_t> counts;
  std::vector<ReduceSource> sources;
  for (int carrier = 0; carrier < blocks.carriers(); ++carrier) {
    const std::vector<TreeNode> cover = blocks.cover_of(carrier);
    counts.push_back(static_cast<std::int64_t>(cover.size()) * count);
    for (const TreeNode& node : cover) {
      sources.push_back({.node = node, .partial = true});
    }
  }
  std::vector<double> all(sources.size() * static_cast<std::size_t>(count));
  carriers.all_gather({mine.data(), static_cast<std::int64_t>(mine.size())},
                      {all.data(), static_cast<std::int64_t>(all.size())}, counts, label);
  for (std::size_t i = 0; i < sources.size(); ++i) {
    sources[i].data = all.data() + static_cast<std::int64_t>(i) * count;
  }
  std::vector<double> sums(static_cast<std::size_t>(count));
  add_up(sources, sums.data(), count);
  return sums;
}

}  // namespace dga
