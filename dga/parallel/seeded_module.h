// SPDX-License-Identifier: Apache-2.0
//
// seeded_module: builds a module whose initial weights depend on the run's seed alone.

#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <mutex>
#include <type_traits>
#include <utility>

#include "dga/launch/environment.h"
#include "dga/parallel/keyed_random_scope.h"

namespace torch::nn {
class Module;
}

namespace dga {

/// During its lifetime, modules built in this thread draw their weights from the stream (seed,
/// "init"). Holds a process-wide lock, because module constructors may access shared state. Does
/// not use torch's default generator. Cannot be nested.
class SeededConstruction {
 public:
  explicit SeededConstruction(std::uint64_t seed);
  SeededConstruction(const SeededConstruction&) = delete;
  SeededConstruction& operator=(const SeededConstruction&) = delete;

 private:
  std::unique_lock<std::mutex> alone_;
  KeyedRandomScope random_;
};

namespace detail {

/// A torch::nn::Module, or a holder of one.
template <typename T>
constexpr bool kIsModule = std::is_base_of_v<torch::nn::Module, T> || requires(T& holder) {
  { holder.ptr() } -> std::convertible_to<std::shared_ptr<torch::nn::Module>>;
};

}  // namespace detail

/// Builds Net(arguments...) with the same weights on every worker, on every engine, in every repeat
/// of env.seed(). Returns a std::shared_ptr<Net> for a torch::nn::Module, and the holder itself for
/// a holder (TORCH_MODULE, torch::nn::Linear, ...):
///
///     auto net = dga::seeded_module<Net>(env, 64, 10);
///     auto layer = dga::seeded_module<torch::nn::Linear>(env, 64, 10);
///
/// Each call starts the same stream, so two calls with the same arguments give equal weights. To
/// get different weights, make both layers submodules of one module. Not collective.
template <typename Net, typename... Arguments>
requires detail::kIsModule<Net>
auto seeded_module(const Environment& env, Arguments&&... arguments) {
  static_assert(!(detail::kIsModule<std::remove_cvref_t<Arguments>> || ...),
                "dga::seeded_module: a module passed as an argument has its weights already; build "
                "it inside, with seeded_module(env, [] { return ...; })");
  const SeededConstruction construction(env.seed());
  if constexpr (std::is_base_of_v<torch::nn::Module, Net>) {
    return std::make_shared<Net>(std::forward<Arguments>(arguments)...);
  } else {
    return Net(std::forward<Arguments>(arguments)...);
  }
}

/// The same for a module that a function builds and returns. Compilers may evaluate the arguments
/// of a call in any order: build layers one by one if weights must not depend on the compiler.
///
///     auto net = dga::seeded_module(env, [] { return nn::Sequential(nn::Linear(2, 8), nn::Tanh());
///     });
template <typename Make>
requires(!detail::kIsModule<Make> &&
         std::is_invocable_v<Make&>) auto seeded_module(const Environment& env, Make make) {
  const SeededConstruction construction(env.seed());
  return make();
}

}  // namespace dga
