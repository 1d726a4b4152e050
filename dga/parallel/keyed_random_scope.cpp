// SPDX-License-Identifier: Apache-2.0
//
// How it works: each operator whose schema has an optional Generator argument is also registered
// under a dispatch key that torch leaves to applications. A scope enables that key for its thread.
// The kernel registered there fills in the missing argument and redispatches the call. All other
// operators fall through at no cost.

#include "dga/parallel/keyed_random_scope.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <c10/core/impl/LocalDispatchKeySet.h>
#include <torch/library.h>

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "dga/launch/before_fork.h"

namespace dga {
namespace {

constexpr auto kKey = c10::DispatchKey::TESTING_ONLY_GenericMode;

/// This thread's scopes, innermost last.
std::vector<KeyedRandomScope*>& scopes() {
  thread_local std::vector<KeyedRandomScope*> living;
  return living;
}

bool is_optional_generator(const c10::Argument& argument) {
  const auto optional = argument.type()->cast<c10::OptionalType>();
  return optional != nullptr && optional->getElementType()->kind() == c10::TypeKind::GeneratorType;
}

void fill_in_generator(const c10::OperatorHandle& op, c10::DispatchKeySet keys,
                       torch::jit::Stack* stack) {
  const auto& arguments = op.schema().arguments();
  const std::size_t first = stack->size() - arguments.size();
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    c10::IValue& value = (*stack)[first + i];
    if (value.isNone() && is_optional_generator(arguments[i]) && !scopes().empty()) {
      value = scopes().back()->generator();
    }
  }
  // The key stays enabled: operators called by this one may draw random numbers too.
  op.redispatchBoxed(keys & c10::DispatchKeySet(c10::DispatchKeySet::FULL_AFTER, kKey), stack);
}

/// The registrations, for the life of the process.
std::vector<std::unique_ptr<torch::Library>> register_kernels() {
  std::vector<std::unique_ptr<torch::Library>> libraries;
  libraries.push_back(std::make_unique<torch::Library>(torch::Library::IMPL, "_", kKey, __FILE__,
                                                       static_cast<std::uint32_t>(__LINE__)));
  libraries.back()->fallback(torch::CppFunction::makeFallthrough());
  std::map<std::string, torch::Library*> by_namespace;
  auto& dispatcher = c10::Dispatcher::singleton();
  for (const c10::OperatorName& name : dispatcher.getAllOpNames()) {
    const auto op = dispatcher.findSchema(name);
    if (!op || !op->hasSchema()) {
      continue;
    }
    const auto& arguments = op->schema().arguments();
    if (std::none_of(arguments.begin(), arguments.end(), is_optional_generator)) {
      continue;
    }
    const std::size_t colons = name.name.find("::");
    const std::string space = name.name.substr(0, colons);
    if (by_namespace.count(space) == 0) {
      libraries.push_back(std::make_unique<torch::Library>(
          torch::Library::IMPL, space, kKey, __FILE__, static_cast<std::uint32_t>(__LINE__)));
      by_namespace[space] = libraries.back().get();
    }
    std::string full = name.name.substr(colons + 2);
    if (!name.overload_name.empty()) {
      full += "." + name.overload_name;
    }
    by_namespace[space]->impl(full.c_str(),
                              torch::CppFunction::makeFromBoxedFunction<&fill_in_generator>());
  }
  return libraries;
}

void require_kernels() {
  // Never destroyed, because threads may outlive static objects. Marked as used so that leak
  // checkers still see it.
  [[gnu::used]] static const auto* const kKernels =
      new std::vector<std::unique_ptr<torch::Library>>(register_kernels());
}

/// Looking at all operators of torch takes 10 ms, which each of 30 forked workers would spend.
struct KernelsBeforeFork {
  KernelsBeforeFork() { before_fork(require_kernels); }
} const kKernelsBeforeFork;

}  // namespace

KeyedRandomScope::KeyedRandomScope(std::uint64_t key) : key_(key) {
  require_kernels();
  scopes().push_back(this);
  c10::impl::tls_set_dispatch_key_included(kKey, true);
}

KeyedRandomScope::~KeyedRandomScope() {
  auto& living = scopes();
  living.erase(std::remove(living.begin(), living.end(), this), living.end());
  if (living.empty()) {
    c10::impl::tls_set_dispatch_key_included(kKey, false);
  }
}

void KeyedRandomScope::reseed(std::uint64_t key) noexcept {
  key_ = key;
  seeded_ = false;
}

at::Generator& KeyedRandomScope::generator() {
  if (!seeded_) {
    if (generator_.defined()) {
      generator_.set_current_seed(key_);
    } else {
      generator_ = at::detail::createCPUGenerator(key_);
    }
    seeded_ = true;
  }
  return generator_;
}

}  // namespace dga
