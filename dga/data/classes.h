// SPDX-License-Identifier: Apache-2.0
//
// Classes: from labels as files have them, any integers, to 0 … C-1.

#pragma once

#include <cstdint>
#include <vector>

#include "dga/data/samples.h"

namespace dga {

/// The different labels, ascending.
std::vector<std::int64_t> distinct_labels(const Samples& samples);

/// Replaces each label by its position in `classes` (ascending). Throws DataError, naming the
/// sample's place, for a label that is not there.
void map_labels(Samples& samples, const std::vector<std::int64_t>& classes);

}  // namespace dga
