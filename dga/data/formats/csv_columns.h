// SPDX-License-Identifier: Apache-2.0
//
// CsvColumns: what each column of a file is used for: chosen for the first file of a training set,
// matched with those of the training set for every other file.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dga/data/formats/csv_head.h"
#include "dga/data/samples.h"
#include "dga/storage/columns.h"

namespace dga {

/// The names in a list such as `a,b` or `"a,b",c` (quoted as in CSV), without empty ones. Throws
/// DataError for a list that is not quoted so.
std::vector<std::string> names_in(const std::string& list);

/// Chooses label, dropped and one-hot columns by the options and the rules of docs/data.md. Throws
/// DataError, which names the file, for names that are not there or stand twice, several columns
/// that may be the label, no features, and features that are text.
Columns choose_columns(const CsvHead& head, const ReadOptions& options, const std::string& file);

/// By column of the file: its position in `columns`, or -1 for a column that is not used. By name
/// if both have names, otherwise by position. Throws DataError, which names the file, when columns
/// are missing or left over; the label may be missing when `options.optional_labels` is set.
/// `origin` names what the columns come from, such as "train.csv" or "the model".
std::vector<std::int64_t> match_columns(const CsvHead& head, const Columns& columns,
                                        const ReadOptions& options, const std::string& file,
                                        const std::string& origin);

}  // namespace dga
