// SPDX-License-Identifier: Apache-2.0
//
// WriteData: writes datasets to files that load_data reads.

#pragma once

#include <span>
#include <string>
#include <vector>

#include "dga/base/named_values.h"
#include "dga/data/write/written_set.h"

namespace dga {

enum class WriteFormat { csv, npy, safetensors, libsvm, idx };

inline constexpr NamedValues<WriteFormat, 5> kWriteFormatNames{
    {{"csv", WriteFormat::csv},
     {"npy", WriteFormat::npy},
     {"safetensors", WriteFormat::safetensors},
     {"libsvm", WriteFormat::libsvm},
     {"idx", WriteFormat::idx}}};

/// The format that the ending of `path` names; csv for .csv, libsvm for .libsvm and .svm, npy for a
/// path without an ending, which is a folder. Throws InvalidArgument for another.
WriteFormat format_for(const std::string& path);

/// Writes `sets`, at least one, to `path`: a file if the format keeps all of them in one (always
/// safetensors, otherwise a single set of csv or libsvm), or else a folder, which is made. All
/// files appear at the end, or none, and then in a folder its manifest.json, to which files are
/// added if it is there. Returns the files. Throws InvalidArgument if something is at the path of a
/// file, StorageError for a manifest of others, and DataError for what the format cannot hold. Not
/// collective.
std::vector<std::string> write_data(std::span<const WrittenSet> sets, const std::string& path,
                                    WriteFormat format);

}  // namespace dga
