// SPDX-License-Identifier: Apache-2.0
//
// IDX: the format of MNIST. Big-endian: two zero bytes, the element type, the number of dimensions,
// each dimension's size in 4 bytes, then the elements, row-major.

#pragma once

#include <span>
#include <string_view>

#include "dga/data/samples.h"
#include "dga/data/source.h"

namespace dga {

/// Whether a file that begins with `head` has IDX's magic number.
bool is_idx(std::string_view head);

/// Two files in any order: samples (2 dimensions or more, the first counts them) and their labels
/// (1 dimension). Elements of every IDX type become f32; pixels stay 0-255. Throws DataError,
/// naming the file, for anything else. With options.features the labels may be left out.
Samples read_idx(std::span<const SourcePtr> files, const ReadOptions& options);

}  // namespace dga
