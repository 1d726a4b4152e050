// SPDX-License-Identifier: Apache-2.0
//
// LabelledArrays: makes samples of an array of features and one of labels.

#pragma once

#include <optional>
#include <span>

#include "dga/data/formats/arrays/stored_array.h"
#include "dga/data/samples.h"

namespace dga {

/// `features` has the shape (samples, shape of a sample...); one dimension means one feature.
/// `labels` has the shape (samples), (samples, 1) and so on.
struct LabelledArrays {
  StoredArray features = {};
  std::optional<StoredArray> labels = {};
};

/// Reads `parts`, at least one, one after another. With options.in_place the features stay in the
/// files, and Samples::features is null: they are then looked at, all of them once, only where
/// some may need an origin or may be missing, as options.table.missing allows. Otherwise a value
/// that is not finite is found when it is used. Throws DataError, which names the array and the
/// sample, for shapes that do not fit, values that are not finite (or missing, unless
/// options.table.missing allows NaN), and labels that are no integers.
Samples read_labelled_arrays(std::span<const LabelledArrays> parts, const ReadOptions& options);

/// What read_labelled_arrays returned for samples in place, kept from an earlier pass over the same
/// files. Throws DataError for files that differ.
Samples take_array_pass(std::span<const LabelledArrays> parts, TextPass& pass,
                        const ReadOptions& options);

/// Throws the error for `value`, which is not finite as f32.
[[noreturn]] void refuse_not_finite(const StoredArray& array, std::int64_t sample, double value);

}  // namespace dga
