// SPDX-License-Identifier: Apache-2.0
//
// Losses and metrics that are Python functions.

#pragma once

#include <memory>

#include "dga/train/plain_functions.h"
#include "python/bindings/callback_error.h"
#include "python/bindings/held_object.h"

namespace dga::python {

/// Calls `function(output, target)` with the GIL held, with arrays of its own: output (B, outputs)
/// float32, target (B,) int64 or (B, 1) float32. It returns (float, float32 array like output in C
/// order).
PlainLoss python_loss(HeldObject function, std::shared_ptr<CallbackError> error);
/// The same, for a function that returns a float.
PlainMetric python_metric(HeldObject function, std::shared_ptr<CallbackError> error);

}  // namespace dga::python
