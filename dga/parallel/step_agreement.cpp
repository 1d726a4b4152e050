// SPDX-License-Identifier: Apache-2.0

#include "dga/parallel/step_agreement.h"

#include <array>

namespace dga {
namespace {

/// What the all-reduce adds up.
enum Sum : std::size_t {
  kSamples,
  kAllUsed,
  kLoaded,
  kRefused,
  kFinished,
  kScaleLowered,
  kNonFinite,
  kMayOverflow,
  // The digest of the settings in two halves, which are small enough to be squared.
  kLow,
  kLowSquares,
  kHigh,
  kHighSquares,
  kNumSums,
};
constexpr std::uint64_t kHalf = std::uint64_t{1} << 20;

/// Whether numbers with this sum and sum of squares, one of each rank, are all the same. The
/// variance is zero only then, and every rank comes to the same answer. Modulo 2^64, which is exact
/// up to 4,000 ranks.
bool all_equal(std::int64_t sum, std::int64_t squares, int ranks) noexcept {
  const auto unsigned_sum = static_cast<std::uint64_t>(sum);
  return static_cast<std::uint64_t>(squares) * static_cast<std::uint64_t>(ranks) ==
         unsigned_sum * unsigned_sum;
}

}  // namespace

AgreedStep agree_on_step(const Communicator& workers, const StepContribution& step,
                         const FoundGradients& found, std::string_view label) {
  std::array<std::int64_t, kNumSums> sums{};
  sums[kSamples] = step.samples;
  sums[kAllUsed] = step.all_used ? 1 : 0;
  sums[kLoaded] = step.loaded ? 1 : 0;
  sums[kRefused] = step.refused ? 1 : 0;
  sums[kFinished] = step.finished ? 1 : 0;
  sums[kScaleLowered] = step.scale_lowered ? 1 : 0;
  sums[kNonFinite] = found.non_finite ? 1 : 0;
  sums[kMayOverflow] = found.may_overflow ? 1 : 0;
  const auto low = static_cast<std::int64_t>(step.settings % kHalf);
  const auto high = static_cast<std::int64_t>(step.settings / kHalf % kHalf);
  sums[kLow] = low;
  sums[kLowSquares] = low * low;
  sums[kHigh] = high;
  sums[kHighSquares] = high * high;
  workers.all_reduce({sums.data(), static_cast<std::int64_t>(sums.size())}, ReduceOp::sum, label);
  AgreedStep agreed{
      .totals = {.samples = sums[kSamples],
                 .used = {},
                 .loaded = sums[kLoaded] > 0,
                 .refused = sums[kRefused] > 0,
                 .finished = sums[kFinished] == workers.size(),
                 .same_settings = all_equal(sums[kLow], sums[kLowSquares], workers.size()) &&
                                  all_equal(sums[kHigh], sums[kHighSquares], workers.size()),
                 .scale_lowered = sums[kScaleLowered] > 0,
                 .finite = sums[kNonFinite] == 0},
      .may_overflow = sums[kMayOverflow] > 0};
  if (sums[kAllUsed] == 0) {
    agreed.totals.used = step.used;
    workers.all_reduce(
        {agreed.totals.used.data(), static_cast<std::int64_t>(agreed.totals.used.size())},
        ReduceOp::max, "used parameters");
  }
  return agreed;
}

}  // namespace dga
