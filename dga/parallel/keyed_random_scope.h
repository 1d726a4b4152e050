// SPDX-License-Identifier: Apache-2.0
//
// KeyedRandomScope: random numbers of a torch module that depend on what they are for, not on which
// thread came first. torch has one default CPU generator a process, which all threads draw from.

#pragma once

#include <ATen/core/Generator.h>

#include <cstdint>

namespace dga {

/// While it lives, operators called in this thread that draw random numbers and were not given a
/// generator (dropout, torch::rand, initialisers, …) draw from its own one, seeded with `key`
/// (see stream_key) and not from torch's default one. torch::manual_seed has no effect on it.
///
///     const KeyedRandomScope random(stream_key(seed, "init"));
///     auto model = std::make_shared<Net>();  // the same weights on every worker and engine
///
/// Scopes nest; the youngest one counts. Must be destroyed in the thread that made it.
class KeyedRandomScope {
 public:
  explicit KeyedRandomScope(std::uint64_t key);
  ~KeyedRandomScope();
  KeyedRandomScope(const KeyedRandomScope&) = delete;
  KeyedRandomScope& operator=(const KeyedRandomScope&) = delete;

  /// Starts the stream of another key. Costs nothing until something is drawn.
  void reseed(std::uint64_t key) noexcept;
  /// Seeded and ready to draw from.
  at::Generator& generator();

 private:
  at::Generator generator_;
  std::uint64_t key_;
  bool seeded_ = false;
};

}  // namespace dga
