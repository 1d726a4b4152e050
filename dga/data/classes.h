// SPDX-License-Identifier: Apache-2.0
//
// Classes: maps the labels of a dataset, which are any integers, to class indices 0 … C-1.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dga/data/samples.h"

namespace dga {

/// The distinct labels of `samples`, in ascending order.
std::vector<std::int64_t> distinct_labels(const Samples& samples);

/// Replaces each label by its position in `classes`, which must ascend. Throws DataError, which
/// names the sample's file and line, for a label that `classes` does not contain.
void map_labels(Samples& samples, const std::vector<std::int64_t>& classes);

/// The same for labels that are positions in samples.label_texts: replaces each by the position of
/// its text in `classes`, which must ascend.
void map_text_labels(Samples& samples, const std::vector<std::string>& classes);

}  // namespace dga
