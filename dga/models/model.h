// SPDX-License-Identifier: Apache-2.0
//
// make_model: the model of a run, by its name or by a factory.

#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <cstdint>

#include "dga/models/model_factory.h"

namespace dga {

/// The model that `card` describes, built by `factory`, or by its name where there is none. Its
/// initial weights depend on `seed` alone. Any thread; torch's default random generator is left
/// alone. Throws InvalidArgument for a name that no model has, sizes that make no sense, and a
/// factory that returns null.
///
/// To add a model, add a line to the table in model.cpp.
Model make_model(const ModelCard& card, std::uint64_t seed, const ModelFactory& factory = {});

}  // namespace dga
