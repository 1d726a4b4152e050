// SPDX-License-Identifier: Apache-2.0
//
// make_model: the model of a run, by its name or by a factory.

#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <cstdint>

#include "dga/models/model_factory.h"

namespace dga {

/// Builds the model that `card` describes: with `factory` if it is set, otherwise by the model's
/// name. Its initial weights depend only on `seed`. Thread-safe; does not use torch's default
/// random generator. Throws InvalidArgument for an unknown name, invalid sizes, and a factory that
/// returns null.
///
/// To add a model, add a line to the table in model.cpp.
Model make_model(const ModelCard& card, std::uint64_t seed, const ModelFactory& factory = {});

}  // namespace dga
