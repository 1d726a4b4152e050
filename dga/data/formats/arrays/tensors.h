// SPDX-License-Identifier: Apache-2.0
//
// Samples from the tensors of a safetensors file.

#pragma once

#include <span>
#include <string_view>

#include "dga/data/data_summary.h"
#include "dga/data/formats/arrays/array_pairs.h"
#include "dga/data/source.h"

namespace dga {

bool is_safetensors(const ByteSource& file, std::string_view head);

/// Whether the file has tensors that are named as those of `set`, such as x_test.
bool safetensors_holds(const SourcePtr& file, FileUse set);

/// The tensors of options.set of all files. Throws DataError, which names file and tensor.
ArrayPairs safetensors_arrays(std::span<const SourcePtr> files, const ReadOptions& options);

}  // namespace dga
