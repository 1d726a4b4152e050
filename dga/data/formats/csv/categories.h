// SPDX-License-Identifier: Apache-2.0
//
// Texts of CSV files as numbers: labels as positions in their sorted list, categories one-hot.

#pragma once

#include "dga/data/formats/csv/reading.h"

namespace dga {

/// What to do about labels of which some are texts and others integers.
inline constexpr const char* kMixedCsvLabels =
    "Correct or remove the line, or take all labels as texts with --task classification.";

/// Fills samples.label_texts, and replaces the labels, which are codes of their piece. Throws
/// DataError for labels that are not UTF-8, or of which only some are numbers.
void number_csv_labels(CsvReading& reading);

/// Replaces each category, a code of its piece, by one feature for each text of the column: those
/// found, or for samples that must match a training set those of its columns. Throws DataError for
/// texts that are not UTF-8, are too many, or are not in the training set.
void encode_csv_categories(CsvReading& reading);

}  // namespace dga
