// SPDX-License-Identifier: Apache-2.0

#include "dga/data/read_files.h"

#include <memory>
#include <new>
#include <utility>

#include "dga/base/error.h"
#include "dga/base/parallel_for.h"
#include "dga/base/topology.h"
#include "dga/data/as_data.h"
#include "dga/data/formats/format.h"
#include "dga/data/formats/gzip.h"
#include "dga/data/formats/image.h"
#include "dga/data/formats/zstd.h"
#include "dga/data/stream/text_index.h"
#include "dga/storage/checked_source.h"
#include "dga/storage/store_path.h"

namespace dga {
namespace {

/// Refuses options about columns where there are none, so that none is ignored.
void check_columns(const Format& format, const std::string& file, const ReadOptions& options) {
  const TableOptions& table = options.table;
  const bool placeholders = options.optional_labels && table.drop == "label";
  const char* const given = format.has_columns                     ? nullptr
                            : !table.label.empty()                 ? "--label names"
                            : !table.drop.empty() && !placeholders ? "--drop names"
                            : !table.only.empty()                  ? "--only names"
                            : !table.one_hot.empty()               ? "--one-hot names"
                                                                   : nullptr;
  if (given != nullptr) {
    throw DataError(str(file, ": expected a table whose columns ", given, ", found ", format.name,
                        ", which has none. Leave the option out, or convert the data with dga data "
                        "convert."));
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

/// Reads the samples; of those that stay in their files only if no earlier run has done so.
Samples read_or_find(const Format& format, std::span<const std::string> paths,
                     std::span<const SourcePtr> sources, const ReadOptions& options) {
  if (options.index == nullptr) {
    return read_with(format, sources, options);
  }
  const IndexKey key = as_data([&] {
    return index_key(str(topic_of(options), '\n', format.name), paths,
                     threads_or_cores(options.threads));
  });
  if (auto pass = find_text_pass(*options.index, key, sources)) {
    ReadOptions known = options;
    known.pass = &*pass;
    return read_with(format, sources, known);
  }
  Samples samples = read_with(format, sources, options);
  keep_text_pass(*options.index, key, sources, samples);
  return samples;
}

using CheckedFiles = std::vector<std::shared_ptr<const CheckedSource>>;

/// Opens a file, and checks its size if a manifest has it. If the file is read in whole, `checked`
/// sums it up meanwhile.
SourcePtr open_as_listed(const std::string& path, const ReadOptions& options,
                         std::shared_ptr<const CheckedSource>& checked) {
  const SourcePtr file = as_data([&] { return StorePath(path).open(); });
  if (options.sums == nullptr || !options.sums->contains(path)) {
    return unpacked(file);
  }
  auto listed =
      as_data([&] { return std::make_shared<const CheckedSource>(file, options.sums->at(path)); });
  if (options.in_place) {
    return unpacked(file);
  }
  checked = std::move(listed);
  return unpacked(checked);
}

/// `checked` gets the files whose contents are known and that were read, at their places.
Samples read_unchecked(std::span<const std::string> paths, const ReadOptions& options,
                       CheckedFiles& checked) {
  std::vector<SourcePtr> sources(paths.size());
  std::vector<const Format*> formats(paths.size());
  // Ten thousand files are opened on all cores, since each may be a request to a server.
  parallel_for(std::ssize(paths), threads_or_cores(options.threads),
               [&](std::int64_t i, int /*thread*/) {
                 const auto at = static_cast<std::size_t>(i);
                 if (options.in_place) {
                   refuse_packed(paths[at]);
                 }
                 sources[at] = open_as_listed(paths[at], options, checked[at]);
                 formats[at] = &format_of(*sources[at]);
               });
  const Format& format = *formats.front();
  for (std::size_t i = 0; i < paths.size(); ++i) {
    if (formats[i] != &format) {
      throw DataError(str(sources[i]->name(), ": expected ", format.name, " as in ",
                          sources.front()->name(), ", found ", formats[i]->name,
                          ". Keep one format in a folder."));
    }
  }
  if (options.file_classes != nullptr && format.read != read_images) {
    throw DataError(str(sources.front()->name(), ": expected images, as in class folders, found ",
                        format.name, ". Remove the file."));
  }
  check_columns(format, sources.front()->name(), options);
  try {
    Samples samples = read_or_find(format, paths, sources, options);
    samples.format =
        samples.format.empty() ? std::string(format.name) : str(format.name, ", ", samples.format);
    return samples;
  } catch (const std::bad_alloc&) {
    throw DataError(str(sources.front()->name(),
                        ": expected samples that fit into memory, found more. Load fewer "
                        "files, or use a machine with more memory."));
  }
}

}  // namespace

Samples read_files(std::span<const std::string> paths, const ReadOptions& options) {
  CheckedFiles checked(paths.size());
  const auto check = [&] {
    parallel_for(std::ssize(checked), threads_or_cores(options.threads),
                 [&](std::int64_t i, int /*thread*/) {
                   if (const auto& file = checked[static_cast<std::size_t>(i)]; file != nullptr) {
                     as_data([&] { file->check(); });
                   }
                 });
  };
  Samples samples;
  try {
    samples = read_unchecked(paths, options, checked);
  } catch (const DataError&) {
    check();  // damage is the reason that counts
    throw;
  }
  check();
  return samples;
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
