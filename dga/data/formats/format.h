// SPDX-License-Identifier: Apache-2.0
//
// Format: a file format that dga reads. It is recognised by the content of a file, not by its name.
//
// To add a format, write its `is_x` and `read_x` in a file of their own (arrays/cifar.h is a short
// example) and add a line to the table in format.cpp.

#pragma once

#include <span>
#include <string>
#include <string_view>

#include "dga/data/formats/arrays/array_pairs.h"
#include "dga/data/samples.h"
#include "dga/data/source.h"

namespace dga {

struct Format {
  std::string_view name;
  /// Whether a file has this format. `head`: its first 4096 bytes, or all of them.
  bool (*recognises)(const ByteSource& file, std::string_view head);
  /// Reads all files of a training or test set, at least one, sorted by name. Throws DataError,
  /// which names the file and line, if any sample cannot be read. Null: see `arrays`.
  Samples (*read)(std::span<const SourcePtr> files, const ReadOptions& options);
  /// For a format whose files consist of arrays: finds those of a set, as `read` does.
  ArrayPairs (*arrays)(std::span<const SourcePtr> files, const ReadOptions& options) = nullptr;
  /// Whether samples can be read in place, where the files are not packed. `read` then heeds
  /// ReadOptions::in_place, and sets Samples::blocks instead of the features.
  bool streams = false;
  /// Whether TableOptions name its columns.
  bool has_columns = false;
  /// Whether a file has samples of `set` beside those of others, which ReadOptions::set chooses.
  /// Null: a file of this format is one set.
  bool (*holds)(const SourcePtr& file, FileUse set) = nullptr;
};

/// Reads the files of a set with `format`. If options.in_place, leaves the features in the files,
/// and throws DataError for a format that cannot.
Samples read_with(const Format& format, std::span<const SourcePtr> files,
                  const ReadOptions& options);

/// All formats, in the order in which they are tried.
std::span<const Format> formats();

/// The names of all formats, such as "IDX, PNG/JPEG, CSV".
std::string format_names();

/// The format of a file. Throws DataError if the file is empty or no format recognises it.
const Format& format_of(const ByteSource& file);

}  // namespace dga
