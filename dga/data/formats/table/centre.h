// SPDX-License-Identifier: Apache-2.0
//
// centre_table: moves the origin of columns whose values f32 cannot keep apart.

#pragma once

#include "dga/data/formats/table/reading.h"

namespace dga {

/// Subtracts an origin from the features and targets that need one, in f64, and fills
/// samples.origins: those of ReadOptions, or measured ones. Reads the files again if any does.
/// Throws DataError for values that are too far from the origin for f32.
void centre_table(TableReading& reading);

}  // namespace dga
