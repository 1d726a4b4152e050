// SPDX-License-Identifier: Apache-2.0
//
// ModelFactory: a model of the program's own, in place of those that can be had by name. Free of
// torch.

#pragma once

#include <functional>
#include <memory>

namespace dga {

class Model;
struct ModelCard;

/// Builds the model that fits `card`, not yet initialised: whoever uses it calls `initialise`, or
/// fills in saved weights. The same for the same card, on every worker.
using ModelFactory = std::function<std::shared_ptr<Model>(const ModelCard& card)>;

/// ModelCard::model of those.
constexpr const char* kCustomModel = "custom";

}  // namespace dga
