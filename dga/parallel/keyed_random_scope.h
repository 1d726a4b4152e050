// SPDX-License-Identifier: Apache-2.0
//
// KeyedRandomScope: gives a thread its own keyed stream of torch random numbers. torch has one
// default CPU generator in each process, from which all threads draw in an unpredictable order.

#pragma once

#include <ATen/core/Generator.h>

#include <cstdint>

namespace dga {

/// While a scope lives, operators of this thread that draw random numbers without an explicit
/// generator (dropout, torch::rand, initialisers, …) use the scope's generator instead of torch's
/// default one. It is seeded with `key` (see stream_key); torch::manual_seed has no effect on it.
///
///     const KeyedRandomScope random(stream_key(seed, "init"));
///     auto model = std::make_shared<Net>();  // the same weights on every worker and engine
///
/// Scopes nest; the innermost one is in use. A scope must be destroyed in the thread that created
/// it.
class KeyedRandomScope {
 public:
  explicit KeyedRandomScope(std::uint64_t key);
  ~KeyedRandomScope();
  KeyedRandomScope(const KeyedRandomScope&) = delete;
  KeyedRandomScope& operator=(const KeyedRandomScope&) = delete;

  /// Switches to the stream of another key. The generator is seeded at the first draw.
  void reseed(std::uint64_t key) noexcept;
  /// The generator, seeded.
  at::Generator& generator();

 private:
  at::Generator generator_;
  std::uint64_t key_;
  bool seeded_ = false;
};

}  // namespace dga
