// SPDX-License-Identifier: Apache-2.0
//
// Model: a torch module of any class, with its forward function. ModelFactory: builds a custom
// model, instead of a built-in model. Includes no torch header.

#pragma once

#include <concepts>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

#include "dga/storage/model_card.h"

namespace at {
class Tensor;
}
namespace torch::nn {
class Module;
}

namespace dga {

/// What is trained, saved and evaluated. Copies share the module.
struct Model {
  std::shared_ptr<torch::nn::Module> module = {};
  /// (B, input_shape...) -> (B, outputs): scores of classes, or predictions.
  std::function<at::Tensor(const at::Tensor& samples)> forward = {};
};

/// A network with a member `at::Tensor forward(at::Tensor)` as a Model: a std::shared_ptr to any
/// class derived from torch::nn::Module, or a holder (torch::nn::Sequential, ...).
template <typename Net>
Model as_model(Net net) {
  if constexpr (std::is_same_v<Net, Model>) {
    return net;
  } else if constexpr (requires { net.ptr(); }) {
    return as_model(net.ptr());
  } else {
    static_assert(std::convertible_to<Net, std::shared_ptr<torch::nn::Module>>,
                  "dga::as_model needs a std::shared_ptr to a torch::nn::Module, or a holder");
    if (net == nullptr) {
      return {};
    }
    return {.module = net,
            .forward = [net](const at::Tensor& samples) { return net->forward(samples); }};
  }
}

/// Builds the model that a ModelCard describes:
///
///     ModelFactory factory = [](const ModelCard& card) {
///       return std::make_shared<Net>(card.input_shape[0], card.outputs);
///     };
///
/// The function may return anything that as_model takes. It is called on every worker, but never by
/// two threads of a process at once. It must build the same model whenever it gets the same
/// ModelCard. The module draws its initial weights while it is built, from a stream keyed by the
/// run's seed, so they are the same on every worker and engine.
class ModelFactory {
 public:
  /// Empty factory.
  ModelFactory() = default;
  template <typename Make>
  requires(!std::same_as<std::remove_cvref_t<Make>, ModelFactory> &&
           std::invocable<Make&, const ModelCard&>)
      // NOLINTNEXTLINE(google-explicit-constructor): a lambda can be passed
      ModelFactory(Make make)
      : make_([make = std::move(make)](const ModelCard& card) { return as_model(make(card)); }) {}

  explicit operator bool() const noexcept { return make_ != nullptr; }
  Model operator()(const ModelCard& card) const { return make_(card); }

 private:
  std::function<Model(const ModelCard&)> make_;
};

/// ModelCard::model for custom models.
constexpr const char* kCustomModel = "custom";

}  // namespace dga
