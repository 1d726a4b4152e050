// SPDX-License-Identifier: Apache-2.0

#include "dga/data/feature_statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "dga/base/parallel_for.h"
#include "dga/base/topology.h"
#include "dga/data/stream/blocks.h"

namespace dga {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

/// Blocks that are measured before they are merged: some per thread, but little memory.
std::int64_t blocks_at_a_time(std::int64_t width, int threads) {
  constexpr std::int64_t kBytes = std::int64_t{64} << 20;
  constexpr std::int64_t kBytesPerFeature = 3 * sizeof(double) + 2 * sizeof(float);
  return std::clamp<std::int64_t>(kBytes / (kBytesPerFeature * std::max<std::int64_t>(1, width)), 1,
                                  std::int64_t{8} * threads);
}

}  // namespace

FeatureStatistics::FeatureStatistics(std::size_t num_features)
    : counts(num_features, 0.0),
      means(num_features, 0.0),
      squares(num_features, 0.0),
      lowest(num_features, kInfinity),
      highest(num_features, -kInfinity) {}

void FeatureStatistics::measure(const float* samples, std::int64_t count) {
  const std::size_t width = means.size();
  for (std::int64_t i = 0; i < count; ++i) {
    const float* row = samples + static_cast<std::size_t>(i) * width;
    for (std::size_t f = 0; f < width; ++f) {
      const bool known = !std::isnan(row[f]);
      counts[f] += known ? 1.0 : 0.0;
      means[f] += known ? static_cast<double>(row[f]) : 0.0;
      lowest[f] = row[f] < lowest[f] ? row[f] : lowest[f];
      highest[f] = row[f] > highest[f] ? row[f] : highest[f];
    }
  }
  for (std::size_t f = 0; f < width; ++f) {
    means[f] /= std::max(1.0, counts[f]);
  }
  for (std::int64_t i = 0; i < count; ++i) {
    const float* row = samples + static_cast<std::size_t>(i) * width;
    for (std::size_t f = 0; f < width; ++f) {
      const double off = static_cast<double>(row[f]) - means[f];
      squares[f] += std::isnan(row[f]) ? 0.0 : off * off;
    }
  }
}

void FeatureStatistics::merge(const FeatureStatistics& next) {
  for (std::size_t f = 0; f < means.size(); ++f) {
    if (next.counts[f] == 0) {
      continue;
    }
    const double count = counts[f] + next.counts[f];
    const double distance = next.means[f] - means[f];
    means[f] += distance * (next.counts[f] / count);
    squares[f] += next.squares[f] + distance * distance * (counts[f] * (next.counts[f] / count));
    counts[f] = count;
    lowest[f] = std::min(lowest[f], next.lowest[f]);
    highest[f] = std::max(highest[f], next.highest[f]);
  }
}

FeatureStatistics measure_features(const Dataset& dataset, int threads) {
  const std::int64_t width = dataset.num_features();
  const std::int64_t rows = samples_per_block(width);
  const std::int64_t blocks = (dataset.size() + rows - 1) / rows;
  threads = static_cast<int>(std::clamp<std::int64_t>(blocks, 1, threads_or_cores(threads)));
  const std::int64_t at_a_time = blocks_at_a_time(width, threads);
  std::vector<std::vector<float>> values(static_cast<std::size_t>(threads));  // one per thread
  FeatureStatistics all(static_cast<std::size_t>(width));
  for (std::int64_t first = 0; first < blocks; first += at_a_time) {
    const std::int64_t count = std::min(at_a_time, blocks - first);
    std::vector<FeatureStatistics> parts(static_cast<std::size_t>(count),
                                         FeatureStatistics(static_cast<std::size_t>(width)));
    parallel_for(count, threads, [&](std::int64_t index, int thread) {
      const std::int64_t begin = (first + index) * rows;
      const std::int64_t samples = std::min(rows, dataset.size() - begin);
      std::vector<float>& own = values[static_cast<std::size_t>(thread)];
      own.resize(static_cast<std::size_t>(rows * width));
      std::vector<std::int64_t> indices(static_cast<std::size_t>(samples));
      std::iota(indices.begin(), indices.end(), begin);
      dataset.gather_centred(indices, BufferView(own.data(), samples * width), {});
      parts[static_cast<std::size_t>(index)].measure(own.data(), samples);
    });
    for (const FeatureStatistics& part : parts) {
      all.merge(part);
    }
  }
  return all;
}

}  // namespace dga
