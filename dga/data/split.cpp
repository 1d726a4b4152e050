// SPDX-License-Identifier: Apache-2.0

#include "dga/data/split.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "dga/base/error.h"
#include "dga/base/random.h"

namespace dga {
namespace {

/// The sample indices of each class. Regression has one class.
std::vector<std::vector<std::int64_t>> strata(const Dataset& dataset) {
  if (dataset.label_type() != DType::i64) {
    std::vector<std::int64_t> all(static_cast<std::size_t>(dataset.size()));
    std::iota(all.begin(), all.end(), std::int64_t{0});
    return {all};
  }
  std::vector<std::vector<std::int64_t>> members(static_cast<std::size_t>(dataset.num_classes()));
  std::int64_t sample = 0;
  for (const std::int64_t label : class_labels(dataset)) {
    members.at(static_cast<std::size_t>(label)).push_back(sample++);
  }
  return members;
}

/// The number of samples that each class contributes to the held-out set.
std::vector<std::int64_t> quotas(const std::vector<std::vector<std::int64_t>>& members,
                                 std::int64_t samples, double fraction) {
  std::int64_t left = std::llround(static_cast<double>(samples) * fraction);
  std::vector<std::int64_t> quota(members.size());
  std::vector<double> remainder(members.size());
  for (std::size_t c = 0; c < members.size(); ++c) {
    const double share = static_cast<double>(members[c].size()) * fraction;
    quota[c] = static_cast<std::int64_t>(share);
    remainder[c] = share - static_cast<double>(quota[c]);
    left -= quota[c];
  }
  std::vector<std::size_t> order(members.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return remainder[a] > remainder[b]; });
  for (const std::size_t c : order) {
    const auto most = std::max<std::int64_t>(0, static_cast<std::int64_t>(members[c].size()) - 1);
    if (left > 0 && quota[c] < most) {
      ++quota[c];
      --left;
    }
    quota[c] = std::min(quota[c], most);
  }
  return quota;
}

}  // namespace

Split split(const Dataset& dataset, double test_fraction, std::uint64_t seed) {
  DGA_CHECK(test_fraction >= 0.0 && test_fraction < 1.0,
            "[data] split: expected a test fraction of at least 0 and below 1, found ",
            test_fraction, ". Pass --test-fraction 0.2, for example.");
  const auto members = strata(dataset);
  const auto quota = quotas(members, dataset.size(), test_fraction);
  Split result;
  for (std::size_t c = 0; c < members.size(); ++c) {
    std::vector<std::int64_t> drawn = members[c];
    RandomStream stream(stream_key(seed, "split", static_cast<std::int64_t>(c)));
    shuffle(drawn, stream);
    const auto cut = drawn.begin() + quota[c];
    result.test.insert(result.test.end(), drawn.begin(), cut);
    result.train.insert(result.train.end(), cut, drawn.end());
  }
  std::sort(result.train.begin(), result.train.end());
  std::sort(result.test.begin(), result.test.end());
  return result;
}

}  // namespace dga
