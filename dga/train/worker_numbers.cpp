// SPDX-License-Identifier: Apache-2.0

#include "dga/train/worker_numbers.h"

#include <algorithm>
#include <cstdint>

namespace dga {

WorkerNumbers gather_numbers(const Environment& environment, const WorkerNumbers& own) {
  constexpr std::size_t kNumbers = kStepPhases + 3;  // of each worker
  const WorkerBlocks& blocks = environment.blocks();
  std::vector<double> mine;
  for (std::size_t i = 0; i < own.seconds.size(); ++i) {
    mine.insert(mine.end(), own.seconds[i].begin(), own.seconds[i].end());
    mine.insert(mine.end(), {own.errors[i], own.shares[i], own.losses[i]});
  }
  std::vector<std::int64_t> counts;
  for (int carrier = 0; carrier < blocks.carriers(); ++carrier) {
    counts.push_back(blocks.of(carrier).count * static_cast<std::int64_t>(kNumbers));
  }
  std::vector<double> all(kNumbers * static_cast<std::size_t>(blocks.workers()));
  environment.world().all_gather(
      ConstBufferView(mine.data(), static_cast<std::int64_t>(mine.size())),
      BufferView(all.data(), static_cast<std::int64_t>(all.size())), counts, "times and errors");
  WorkerNumbers numbers;
  for (auto at = all.begin(); at != all.end(); at += kNumbers) {
    PhaseSeconds seconds{};
    std::copy_n(at, kStepPhases, seconds.begin());
    numbers.seconds.push_back(seconds);
    numbers.errors.push_back(at[kStepPhases]);
    numbers.shares.push_back(at[kStepPhases + 1]);
    numbers.losses.push_back(at[kStepPhases + 2]);
  }
  return numbers;
}

}  // namespace dga
