// SPDX-License-Identifier: Apache-2.0
//
// match_columns: which columns of a file are those of a training set.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dga/data/formats/table/head.h"
#include "dga/data/samples.h"
#include "dga/storage/columns.h"

namespace dga {

/// By column of the file: its position in `columns`, or -1 for a column that is not used. By name
/// if both have names, otherwise by position. Throws DataError, which names the file, when columns
/// are missing or left over; the label may be missing when `options.optional_labels` is set.
/// `origin` names what the columns come from, such as "train.csv" or "the model".
std::vector<std::int64_t> match_columns(const TableHead& head, const Columns& columns,
                                        const ReadOptions& options, const std::string& file,
                                        const std::string& origin);

}  // namespace dga
