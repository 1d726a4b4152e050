// SPDX-License-Identifier: Apache-2.0

#include "dga/base/random.h"

#include <cstddef>
#include <utility>

namespace dga {
namespace {

std::uint64_t mix(std::uint64_t z) noexcept {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

constexpr std::uint64_t kGamma = 0x9e3779b97f4a7c15ULL;

}  // namespace

std::uint64_t stream_key(std::uint64_t seed, std::string_view name, std::int64_t a,
                         std::int64_t b) noexcept {
  std::uint64_t key = mix(seed + kGamma);
  for (const char c : name) {
    key = mix(key + kGamma + static_cast<unsigned char>(c));
  }
  key = mix(key + kGamma + static_cast<std::uint64_t>(a));
  return mix(key + kGamma + static_cast<std::uint64_t>(b));
}

std::uint64_t RandomStream::next() noexcept {
  state_ += kGamma;
  return mix(state_);
}

std::uint64_t RandomStream::below(std::uint64_t bound) noexcept {
  // Lemire, Fast Random Integer Generation in an Interval (TOMACS 2019), section 4.
  __extension__ using Wide = unsigned __int128;
  auto product = static_cast<Wide>(next()) * bound;
  if (static_cast<std::uint64_t>(product) < bound) {
    const std::uint64_t threshold = (0 - bound) % bound;
    while (static_cast<std::uint64_t>(product) < threshold) {
      product = static_cast<Wide>(next()) * bound;
    }
  }
  return static_cast<std::uint64_t>(product >> 64);
}

double RandomStream::uniform() noexcept {
  return static_cast<double>(next() >> 11) * 0x1.0p-53;
}

void shuffle(std::span<std::int64_t> items, RandomStream& stream) noexcept {
  for (std::size_t left = items.size(); left > 1; --left) {
    std::swap(items[left - 1], items[stream.below(left)]);
  }
}

}  // namespace dga
