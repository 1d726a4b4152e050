// SPDX-License-Identifier: Apache-2.0
//
// The writers of the formats: each adds its files, which are not yet committed. Internal to the
// room.

#pragma once

#include <list>
#include <span>
#include <string>

#include "dga/data/write/written_set.h"
#include "dga/storage/atomic_file.h"
#include "dga/storage/store_path.h"

namespace dga {

using UnfinishedFiles = std::list<AtomicFile>;

/// A line per sample, after one with the names. A missing value is an empty field.
void write_csv(const WrittenSet& set, const StorePath& path, UnfinishedFiles& files);
/// Values other than 0 are written.
void write_libsvm(const WrittenSet& set, const StorePath& path, UnfinishedFiles& files);
/// x_train.npy and y_train.npy, or _validation, or _test, in `folder`.
void write_npy(const WrittenSet& set, const StorePath& folder, UnfinishedFiles& files);
/// x_train.idx and y_train.idx and so on.
void write_idx(const WrittenSet& set, const StorePath& folder, UnfinishedFiles& files);
/// All sets in one file, as x_train, y_train and so on.
void write_safetensors_sets(std::span<const WrittenSet> sets, const StorePath& path,
                            UnfinishedFiles& files);

/// "train", "validation" or "test".
std::string set_name(const WrittenSet& set);

/// Begins the file at `path`. Throws InvalidArgument if something is there.
AtomicFile& begin_file(const StorePath& path, UnfinishedFiles& files);

}  // namespace dga
