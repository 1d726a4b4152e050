// SPDX-License-Identifier: Apache-2.0
//
// LIBSVM (also called SVMlight): a line per sample, with its label and its features that are not
// zero: `label index:value index:value … # comment`. Indices ascend.

#pragma once

#include <span>
#include <string_view>

#include "dga/data/samples.h"
#include "dga/data/source.h"

namespace dga {

bool is_libsvm(const ByteSource& file, std::string_view head);

/// Reads the samples of all files, with zeros where a line has no value. Indices begin at 1, or at
/// 0 if some index of the training is 0. The features are named by their indices, which a model
/// keeps: later files may leave out any of them, but have no others. With optional_labels, lines
/// may have no labels, and options.table.drop "label" ignores them. With in_place, features
/// stay in the files. Throws DataError, which names file:line, for anything else.
Samples read_libsvm(std::span<const SourcePtr> files, const ReadOptions& options);

}  // namespace dga
