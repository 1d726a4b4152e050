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

/// Reads `parts`, at least one, one after another. Throws DataError, which names the array and the
/// sample, for shapes that do not fit, values that are not finite (or missing, unless
/// options.table.missing allows NaN), and labels that are no integers.
Samples read_labelled_arrays(std::span<const LabelledArrays> parts, const ReadOptions& options);

/// The same without the features, for samples that are read again and again: Samples::features is
/// null. Looks at all features of types that f32 may round, and throws DataError where it would
/// need an origin for some.
Samples read_labels_alone(std::span<const LabelledArrays> parts, const ReadOptions& options);

}  // namespace dga
