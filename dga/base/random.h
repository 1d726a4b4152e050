// SPDX-License-Identifier: Apache-2.0
//
// Keyed random streams. A stream's key consists of the run's seed, a name and two integers (such as
// epoch and rank). The numbers depend on the key alone, not on earlier draws, so workers that need
// the same random numbers draw them without communication, on every engine.

#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace dga {

/// The key of a run's stream `name`. Equal arguments give equal keys on every machine.
std::uint64_t stream_key(std::uint64_t seed, std::string_view name, std::int64_t a = 0,
                         std::int64_t b = 0) noexcept;

/// SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, OOPSLA 2014).
class RandomStream {
 public:
  explicit RandomStream(std::uint64_t key) noexcept : state_(key) {}

  std::uint64_t next() noexcept;
  /// Uniform in [0, bound), without modulo bias. `bound` must be at least 1.
  std::uint64_t below(std::uint64_t bound) noexcept;
  /// Uniform in [0, 1).
  double uniform() noexcept;

 private:
  std::uint64_t state_;
};

/// Shuffles `items` in place (Fisher-Yates). The permutation for a given stream is the same with
/// every standard library.
void shuffle(std::span<std::int64_t> items, RandomStream& stream) noexcept;

}  // namespace dga
