// SPDX-License-Identifier: Apache-2.0

#include "dga/data/read_files.h"

#include <new>

#include "dga/base/error.h"
#include "dga/data/as_data.h"
#include "dga/data/formats/format.h"
#include "dga/data/formats/gzip.h"
#include "dga/data/formats/zstd.h"
#include "dga/storage/store_path.h"

namespace dga {
namespace {

/// Refuses options about columns where there are none, so that none is ignored.
void check_columns(const Format& format, const std::string& file, const ReadOptions& options) {
  const TableOptions& table = options.table;
  const bool placeholders = options.optional_labels && table.drop == "label";
  const char* const given = format.has_columns                     ? nullptr
                            : !table.label.empty()                 ? "label"
                            : !table.drop.empty() && !placeholders ? "drop"
                            : !table.only.empty()                  ? "only"
                            : !table.one_hot.empty()               ? "one-hot"
                                                                   : nullptr;
  if (given != nullptr) {
    throw DataError(str(file, ": expected a table whose columns --", given, " names, found ",
                        format.name, ", which has none. Leave --", given,
                        " out, or convert it with ", "dga data convert."));
  }
}

/// A packed file has no place for each sample.
void refuse_packed(const std::string& path) {
  const SourcePtr file = as_data([&] { return StorePath(path).open(); });
  if (is_gzip(*file) || is_zstd(*file)) {
    throw DataError(str(file->name(), ": expected a file that is not packed, to stream it, found ",
                        is_gzip(*file) ? "gzip" : "zstd", ". Unpack it, or leave --stream out."));
  }
}

}  // namespace

Samples read_files(std::span<const std::string> paths, const ReadOptions& options) {
  std::vector<SourcePtr> sources;
  const Format* format = nullptr;
  for (const std::string& path : paths) {
    if (options.stream) {
      refuse_packed(path);
    }
    sources.push_back(open_file(path));
    const Format& found = format_of(*sources.back());
    if (format != nullptr && format != &found) {
      throw DataError(str(sources.back()->name(), ": expected ", format->name, " as in ",
                          sources.front()->name(), ", found ", found.name,
                          ". Keep one format in a folder."));
    }
    format = &found;
  }
  check_columns(*format, sources.front()->name(), options);
  try {
    Samples samples = read_with(*format, sources, options);
    samples.format = samples.format.empty() ? std::string(format->name)
                                            : str(format->name, ", ", samples.format);
    return samples;
  } catch (const std::bad_alloc&) {
    throw DataError(str(sources.front()->name(),
                        ": expected samples that fit into memory, found more. Load fewer "
                        "files, or use a machine with more memory."));
  }
}

std::vector<std::string> files_that_hold(FileUse set, std::span<const std::string> paths) {
  std::vector<std::string> found;
  for (const std::string& path : paths) {
    const SourcePtr file = open_file(path);
    const Format& format = format_of(*file);
    if (format.holds == nullptr) {
      break;  // as all files of the set, which have one format
    }
    if (format.holds(file, set)) {
      found.push_back(path);
    }
  }
  return found;
}

}  // namespace dga
