// SPDX-License-Identifier: Apache-2.0
//
// ArrayPairs: finds out, by names and dimensions, which arrays are samples and which are labels.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dga/data/data_summary.h"
#include "dga/data/formats/arrays/labelled_arrays.h"

namespace dga {

struct ArrayPairs {
  std::vector<LabelledArrays> parts = {};
  std::vector<std::string> notices = {};  // about arrays that are neither samples nor labels
};

/// Pairs the arrays of each group, each of at least one. An array holds samples if its title has
/// the word x, features, feature, data, images, image, inputs, input or samples, and labels if it
/// has y, labels, label, targets, target, classes or class, in any case and with digits behind.
/// Otherwise one dimension means labels, and more mean samples. Several pairs of a group belong
/// together by what else is in their names. Throws DataError, which calls an array `kind` ("an IDX
/// file"), if some array has no partner; options.optional_labels allows samples without labels.
ArrayPairs pair_arrays(std::vector<std::vector<StoredArray>> groups, std::string_view kind,
                       const ReadOptions& options);

/// Of the arrays of a file that may hold several sets, as x_train and x_test: the titles of those
/// that belong to options.set. Throws DataError, which begins with `file`, if that is not clear.
std::vector<std::string> titles_of_set(const std::vector<std::string>& titles,
                                       const std::string& file, const ReadOptions& options);

/// Whether some title is that of `set`.
bool has_set(const std::vector<std::string>& titles, FileUse set);

}  // namespace dga
