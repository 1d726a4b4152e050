// SPDX-License-Identifier: Apache-2.0

#include "dga/parallel/optimizer_settings.h"

#include <c10/util/Type.h>
#include <torch/optim/adagrad.h>
#include <torch/optim/adam.h>
#include <torch/optim/adamw.h>
#include <torch/optim/rmsprop.h>
#include <torch/optim/sgd.h>

#include <algorithm>
#include <array>
#include <exception>
#include <tuple>
#include <typeinfo>

#include "dga/base/error.h"
#include "dga/parallel/lamb.h"
#include "dga/parallel/muon.h"
#include "dga/parallel/optimizer_state.h"

namespace dga {
namespace {

using torch::optim::OptimizerOptions;

template <typename Options>
const Options& as(const OptimizerOptions& options) {
  return static_cast<const Options&>(options);
}

constexpr OptimizerSetting kLearningRate{
    "lr", [](const OptimizerOptions& options) { return options.get_lr(); }};

template <typename Options>
struct OptimizerSettings {
  static constexpr OptimizerSetting kWeightDecay{
      "weight_decay",
      [](const OptimizerOptions& options) { return as<Options>(options).weight_decay(); }};
  static constexpr OptimizerSetting kEps{
      "eps", [](const OptimizerOptions& options) { return as<Options>(options).eps(); }};
  static constexpr OptimizerSetting kMomentum{
      "momentum", [](const OptimizerOptions& options) { return as<Options>(options).momentum(); }};
  static constexpr OptimizerSetting kNesterov{"nesterov", [](const OptimizerOptions& options) {
                                                return as<Options>(options).nesterov() ? 1.0 : 0.0;
                                              }};
  static constexpr OptimizerSetting kBeta1{"beta1", [](const OptimizerOptions& options) {
                                             return std::get<0>(as<Options>(options).betas());
                                           }};
  static constexpr OptimizerSetting kBeta2{"beta2", [](const OptimizerOptions& options) {
                                             return std::get<1>(as<Options>(options).betas());
                                           }};
  static constexpr OptimizerSetting kAmsgrad{"amsgrad", [](const OptimizerOptions& options) {
                                               return as<Options>(options).amsgrad() ? 1.0 : 0.0;
                                             }};
};

using torch::optim::AdagradOptions;
using torch::optim::RMSpropOptions;
using torch::optim::SGDOptions;

constexpr std::array kSgd{
    kLearningRate,
    OptimizerSettings<SGDOptions>::kMomentum,
    OptimizerSettings<SGDOptions>::kNesterov,
    OptimizerSettings<SGDOptions>::kWeightDecay,
    OptimizerSetting{
        "dampening",
        [](const OptimizerOptions& options) { return as<SGDOptions>(options).dampening(); }},
};

template <typename Options>
constexpr std::array kAdam{
    kLearningRate,
    OptimizerSettings<Options>::kBeta1,
    OptimizerSettings<Options>::kBeta2,
    OptimizerSettings<Options>::kEps,
    OptimizerSettings<Options>::kWeightDecay,
    OptimizerSettings<Options>::kAmsgrad,
};

constexpr std::array kRmsprop{
    kLearningRate,
    OptimizerSettings<RMSpropOptions>::kMomentum,
    OptimizerSettings<RMSpropOptions>::kEps,
    OptimizerSettings<RMSpropOptions>::kWeightDecay,
    OptimizerSetting{
        "alpha",
        [](const OptimizerOptions& options) { return as<RMSpropOptions>(options).alpha(); }},
    OptimizerSetting{"centered",
                     [](const OptimizerOptions& options) {
                       return as<RMSpropOptions>(options).centered() ? 1.0 : 0.0;
                     }},
};

constexpr std::array kAdagrad{
    kLearningRate,
    OptimizerSettings<AdagradOptions>::kEps,
    OptimizerSettings<AdagradOptions>::kWeightDecay,
    OptimizerSetting{
        "lr_decay",
        [](const OptimizerOptions& options) { return as<AdagradOptions>(options).lr_decay(); }},
    OptimizerSetting{"initial_accumulator_value",
                     [](const OptimizerOptions& options) {
                       return as<AdagradOptions>(options).initial_accumulator_value();
                     }},
};

template <std::size_t Place>
constexpr OptimizerSetting kCoefficient{
    "ns_coefficients", [](const OptimizerOptions& options) {
      return std::get<Place>(as<MuonOptions>(options).ns_coefficients());
    }};

constexpr std::array kMuon{
    kLearningRate,
    OptimizerSettings<MuonOptions>::kMomentum,
    OptimizerSettings<MuonOptions>::kNesterov,
    OptimizerSettings<MuonOptions>::kEps,
    OptimizerSettings<MuonOptions>::kWeightDecay,
    kCoefficient<0>,
    kCoefficient<1>,
    kCoefficient<2>,
    OptimizerSetting{"ns_steps",
                     [](const OptimizerOptions& options) {
                       return static_cast<double>(as<MuonOptions>(options).ns_steps());
                     }},
    OptimizerSetting{"adjust_lr",
                     [](const OptimizerOptions& options) {
                       return static_cast<double>(as<MuonOptions>(options).adjust_lr());
                     }},
    OptimizerSetting{"precision",
                     [](const OptimizerOptions& options) {
                       return static_cast<double>(as<MuonOptions>(options).precision());
                     }},
};

constexpr std::array kLamb{
    kLearningRate,
    OptimizerSettings<LambOptions>::kBeta1,
    OptimizerSettings<LambOptions>::kBeta2,
    OptimizerSettings<LambOptions>::kEps,
    OptimizerSettings<LambOptions>::kWeightDecay,
};

constexpr std::array kOthers{kLearningRate};

/// Whether the text of `value` is the same in every process, as that of an object is not.
bool is_plain(const c10::IValue& value) {
  if (value.isTuple() || value.isList()) {
    const auto elements =
        value.isTuple() ? value.toTupleRef().elements().vec() : value.toListRef().vec();
    return std::all_of(elements.begin(), elements.end(), is_plain);
  }
  return value.isInt() || value.isDouble() || value.isBool() || value.isString() || value.isNone();
}

}  // namespace

std::span<const OptimizerSetting> settings_of(const OptimizerOptions& options) {
  const std::type_info& type = typeid(options);
  if (type == typeid(SGDOptions)) {
    return kSgd;
  }
  if (type == typeid(torch::optim::AdamOptions)) {
    return kAdam<torch::optim::AdamOptions>;
  }
  if (type == typeid(torch::optim::AdamWOptions)) {
    return kAdam<torch::optim::AdamWOptions>;
  }
  if (type == typeid(RMSpropOptions)) {
    return kRmsprop;
  }
  if (type == typeid(AdagradOptions)) {
    return kAdagrad;
  }
  if (type == typeid(MuonOptions)) {
    return kMuon;
  }
  if (type == typeid(LambOptions)) {
    return kLamb;
  }
  return kOthers;
}

std::vector<std::string> lines_of(const OptimizerOptions& options) {
  std::vector<std::string> lines{c10::demangle(typeid(options).name())};
  const auto settings = settings_of(options);
  if (settings.data() != kOthers.data()) {  // they are all that the type has
    for (const OptimizerSetting& setting : settings) {
      lines.push_back(dga::str(setting.name, ": ", setting.value(options)));
    }
    return lines;
  }
  try {
    for (const auto& [name, value] : values_of(options)) {
      if (is_plain(value)) {
        lines.push_back(dga::str(name, ": ", value));
      }
    }
  } catch (const std::exception&) {
    // torch's base class throws where a program's options do not say how they are written.
  }
  return lines;
}

bool steps_without_closure(const torch::optim::Optimizer& optimizer) {
  const std::type_info& type = typeid(optimizer);
  return type == typeid(torch::optim::SGD) || type == typeid(torch::optim::Adam) ||
         type == typeid(torch::optim::AdamW) || type == typeid(torch::optim::RMSprop) ||
         type == typeid(torch::optim::Adagrad) || type == typeid(Muon) || type == typeid(Lamb);
}

}  // namespace dga
