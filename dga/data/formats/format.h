// SPDX-License-Identifier: Apache-2.0
//
// Format: a file format that dga reads. It is recognised by the content of a file, not by its name.
//
// To add a format, write its `is_x` and `read_x` in a file of their own (idx.h is a short example)
// and add a line to the table in format.cpp.

#pragma once

#include <span>
#include <string>
#include <string_view>

#include "dga/data/samples.h"
#include "dga/data/source.h"

namespace dga {

struct Format {
  std::string_view name;
  /// Whether a file that begins with `head`, at most 4096 bytes, has this format.
  bool (*recognises)(std::string_view head);
  /// Reads all files of a training or test set, at least one, sorted by name. Throws DataError,
  /// which names the file and line, if any sample cannot be read.
  Samples (*read)(std::span<const SourcePtr> files, const ReadOptions& options);
};

/// All formats, in the order in which they are tried.
std::span<const Format> formats();

/// The names of all formats, such as "IDX, PNG/JPEG, CSV".
std::string format_names();

/// The format of a file. Throws DataError if the file is empty or no format recognises it.
const Format& format_of(const ByteSource& file);

}  // namespace dga
