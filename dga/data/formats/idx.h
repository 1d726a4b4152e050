// SPDX-License-Identifier: Apache-2.0
//
// IDX: the format of MNIST. A file consists of two zero bytes, the element type, the number of
// dimensions, the size of each dimension in 4 bytes, and the elements in row-major order, all
// big-endian.

#pragma once

#include <span>
#include <string_view>

#include "dga/data/samples.h"
#include "dga/data/source.h"

namespace dga {

/// Whether a file that begins with `head` has the magic number of IDX.
bool is_idx(std::string_view head);

/// Reads two files, in any order: samples (2 or more dimensions, of which the first is the number
/// of samples) and their labels (1 dimension). All IDX element types are converted to f32 without
/// scaling, so pixels stay in 0-255. If options.features is set, the file of labels is optional.
/// Throws DataError, which names the file, for anything else.
Samples read_idx(std::span<const SourcePtr> files, const ReadOptions& options);

}  // namespace dga
