// SPDX-License-Identifier: Apache-2.0
//
// IDX: the format of MNIST. A file consists of two zero bytes, the element type, the number of
// dimensions, the size of each dimension in 4 bytes, and the elements in row-major order, all
// big-endian.

#pragma once

#include <span>
#include <string_view>

#include "dga/data/formats/arrays/array_pairs.h"
#include "dga/data/source.h"

namespace dga {

/// Whether a file that begins with `head` has the magic number of IDX.
bool is_idx(const ByteSource& file, std::string_view head);

/// Files of samples and files of labels; see ArrayPairs. Throws DataError, which names the file.
ArrayPairs idx_arrays(std::span<const SourcePtr> files, const ReadOptions& options);

}  // namespace dga
