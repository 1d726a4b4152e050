// SPDX-License-Identifier: Apache-2.0
//
// Format: a kind of file that dga reads, recognised by content.
//
// To add one: write its `is_x` and `read_x` in a file of their own (idx.h is a short example), and
// add one line to the table in format.cpp.

#pragma once

#include <span>
#include <string>
#include <string_view>

#include "dga/data/samples.h"
#include "dga/data/source.h"

namespace dga {

struct Format {
  std::string_view name;
  /// Whether a file that begins with these bytes (up to 4096) is of this format.
  bool (*recognises)(std::string_view head);
  /// All files of a training or a test set, sorted by name; at least one. All or nothing: throws
  /// DataError, naming the place, unless every sample could be read.
  Samples (*read)(std::span<const SourcePtr> files, const ReadOptions& options);
};

/// All formats, in the order in which they are asked.
std::span<const Format> formats();

/// "CSV, IDX"
std::string format_names();

/// The format of a file. Throws DataError when it is empty or no format recognises it.
const Format& format_of(const ByteSource& file);

}  // namespace dga
