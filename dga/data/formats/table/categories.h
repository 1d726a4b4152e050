// SPDX-License-Identifier: Apache-2.0
//
// Texts of tables as numbers: labels as positions in their sorted list, categories one-hot.

#pragma once

#include <cstdint>
#include <vector>

#include "dga/data/formats/table/reading.h"

namespace dga {

/// The advice at the end of errors about label columns that mix texts and integers.
inline constexpr const char* kMixedLabels =
    "Correct or remove the line, or take all labels as texts with --task classification.";

/// Fills samples.label_texts, and changes each label from a code (see TextCodes), which is valid
/// only within its Codes, to a position in label_texts. Throws DataError for labels
/// that are not UTF-8. For a training set with Task::automatic, also for labels of which only some
/// are numbers, or all look like numbers.
void number_labels(TableReading& reading);

/// Replaces each column of categories by one feature for each of its texts: 1 for samples with this
/// text, 0 for others. The texts are those found or, for samples that must match a training set,
/// those of the training set. Of samples that stay in the files, only their shape and origins
/// change. Throws DataError for texts that are not UTF-8, are too many, or are not in the training
/// set.
void encode_categories(TableReading& reading);

/// Encodes one sample. `columns`: numbers, and codes of categories. `positions`: by column and
/// code; empty for numbers. `offsets`: by column, where it stands in `encoded`, which is all zeros
/// before.
void encode_row(const float* columns, const std::vector<std::vector<std::int64_t>>& positions,
                const std::vector<std::int64_t>& offsets, float* encoded);

}  // namespace dga
