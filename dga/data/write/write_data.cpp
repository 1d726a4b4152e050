// SPDX-License-Identifier: Apache-2.0

#include "dga/data/write/write_data.h"

#include <optional>

#include "dga/base/error.h"
#include "dga/data/write/set_files.h"
#include "dga/storage/file_tree.h"
#include "dga/storage/manifest.h"
#include "dga/storage/run_folder.h"

namespace dga {

std::string set_name(const WrittenSet& set) {
  return set.use == FileUse::test         ? "test"
         : set.use == FileUse::validation ? "validation"
                                          : "train";
}

AtomicFile& begin_file(const StorePath& path, UnfinishedFiles& files) {
  DGA_CHECK(!path.exists(), "[data] ", printable(path.text(), 4096),
            ": expected a name that is free, found something there. Remove it, or choose another "
            "name.");
  return files.emplace_back(path.text());
}

WriteFormat format_for(const std::string& path) {
  const std::string name = file_name(path);
  const std::size_t dot = name.rfind('.');
  const std::string ending = dot == std::string::npos ? "" : name.substr(dot + 1);
  if (ending.empty()) {
    return WriteFormat::npy;
  }
  if (ending == "svm") {
    return WriteFormat::libsvm;
  }
  const auto format = value_in(kWriteFormatNames, ending);
  DGA_CHECK(format && *format != WriteFormat::npy && *format != WriteFormat::idx, "[data] ",
            printable(path, 4096),
            ": expected the ending .csv, .safetensors or .libsvm, or a "
            "folder, found .",
            printable(ending), ". Name the format with --to.");
  return *format;
}

std::vector<std::string> write_data(std::span<const WrittenSet> sets, const std::string& path,
                                    WriteFormat format) {
  DGA_CHECK(!sets.empty(), "[data] write_data: expected sets, found none. Pass at least one.");
  const StorePath target(path);
  UnfinishedFiles files;
  const bool is_file =
      format == WriteFormat::safetensors ||
      (sets.size() == 1 && format != WriteFormat::npy && format != WriteFormat::idx);
  std::optional<Manifest> manifest;
  if (!is_file) {
    make_folders(target);
    // A damaged one is refused before anything is written.
    manifest = read_manifest(target.text()).value_or(Manifest{});
  }
  if (format == WriteFormat::safetensors) {
    write_safetensors_sets(sets, target, files);
  } else {
    for (const WrittenSet& set : sets) {
      const auto file = [&](const char* ending) {
        return is_file ? target : target / (set_name(set) + ending);
      };
      switch (format) {
        case WriteFormat::csv:
          write_csv(set, file(".csv"), files);
          break;
        case WriteFormat::libsvm:
          write_libsvm(set, file(".libsvm"), files);
          break;
        case WriteFormat::npy:
          write_npy(set, target, files);
          break;
        case WriteFormat::idx:
          write_idx(set, target, files);
          break;
        case WriteFormat::safetensors:
          break;
      }
    }
  }
  std::vector<std::string> written;
  for (AtomicFile& file : files) {
    file.commit();
    written.push_back(file.path());
    if (manifest) {
      manifest->files.insert_or_assign(file_name(file.path()), file.written());
    }
  }
  if (manifest) {  // last, so that it lists whole files only
    atomic_write((target / kManifestFile).text(), to_json(*manifest));
  }
  return written;
}

}  // namespace dga
