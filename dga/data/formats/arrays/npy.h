// SPDX-License-Identifier: Apache-2.0
//
// NPY: an array as numpy.save writes it: a magic number, the length of a header, a header that is a
// Python dictionary with the type, order and shape, and the elements.
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html

#pragma once

#include <span>
#include <string>
#include <string_view>

#include "dga/data/formats/arrays/array_pairs.h"
#include "dga/data/formats/arrays/stored_array.h"
#include "dga/data/source.h"

namespace dga {

bool is_npy(const ByteSource& file, std::string_view head);

/// Reads the header of an array. `title` and `place` are as in StoredArray. Throws DataError for a
/// damaged header, a file of another size, and types that are neither numbers nor texts.
StoredArray read_npy_header(SourcePtr file, std::string title, std::string place);

/// Files of samples and files of labels; see ArrayPairs.
ArrayPairs npy_arrays(std::span<const SourcePtr> files, const ReadOptions& options);

}  // namespace dga
