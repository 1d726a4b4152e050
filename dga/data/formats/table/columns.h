// SPDX-License-Identifier: Apache-2.0
//
// choose_columns: what each column of the first file of a training set is used for.

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "dga/data/formats/table/head.h"
#include "dga/data/samples.h"
#include "dga/storage/columns.h"

namespace dga {

/// Chooses label, dropped and one-hot columns by the options and the rules of docs/data.md. Throws
/// DataError, which names the file, for names that are not there or stand twice, several columns
/// that may be the label, no features, and features that are text.
Columns choose_columns(const TableHead& head, const ReadOptions& options, const std::string& file);

/// By column of the first file: whether --drop names it, or --only does not. Throws DataError for a
/// name of --only that is not there, and for names that stand twice. A name of --drop may be one of
/// another file, see check_drops.
std::vector<bool> columns_to_drop(const TableHead& head, const ReadOptions& options,
                                  const std::string& file);

/// Throws DataError for a name of --drop that none of the files has, or adds it to
/// options.unknown_drops.
void check_drops(std::span<const TableHead* const> heads, const ReadOptions& options,
                 const std::string& file);

/// Throws DataError for names of --drop that no file of any set has, if there are some.
void refuse_unknown_drops(const std::vector<std::string>& names, const Samples& train);

/// The columns whose names are usual for labels.
std::vector<std::int64_t> usual_labels(const TableHead& head);

}  // namespace dga
