// SPDX-License-Identifier: Apache-2.0
//
// NPZ: a zip file of NPY arrays, as numpy.savez and savez_compressed write it. Unpacked with
// libzip.

#pragma once

#include <span>
#include <string_view>

#include "dga/data/data_summary.h"
#include "dga/data/formats/arrays/array_pairs.h"
#include "dga/data/source.h"

namespace dga {

bool is_npz(const ByteSource& file, std::string_view head);

/// Whether the file has arrays that are named as those of `set`, such as x_test.
bool npz_holds(const SourcePtr& file, FileUse set);

/// The arrays of options.set of all files, unpacked into memory. Throws DataError, which names file
/// and array, for a damaged file, a member that is no array, and as pair_arrays does.
ArrayPairs npz_arrays(std::span<const SourcePtr> files, const ReadOptions& options);

}  // namespace dga
