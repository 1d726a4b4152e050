// SPDX-License-Identifier: Apache-2.0
//
// choose_columns: what each column of the first file of a training set is used for.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dga/data/formats/csv/head.h"
#include "dga/data/samples.h"
#include "dga/storage/columns.h"

namespace dga {

/// Chooses label, dropped and one-hot columns by the options and the rules of docs/data.md. Throws
/// DataError, which names the file, for names that are not there or stand twice, several columns
/// that may be the label, no features, and features that are text.
Columns choose_columns(const CsvHead& head, const ReadOptions& options, const std::string& file);

}  // namespace dga
