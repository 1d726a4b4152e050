// SPDX-License-Identifier: Apache-2.0
//
// ClassNames: names for integer labels, from EMNIST's table of characters or CIFAR's list.

#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "dga/data/samples.h"
#include "dga/data/source.h"

namespace dga {

struct ClassNames {
  std::string file;
  std::map<std::int64_t, std::string> names;  // by label; all are different
};

/// Reads a table as EMNIST's emnist-*-mapping.txt: lines of a label and the ASCII codes of its
/// characters, of which the first one names the class. A file of another name is a list as CIFAR's
/// batches.meta.txt: line N, counted from 0, names label N. Throws DataError for anything else, and
/// for labels or names that stand twice.
ClassNames read_class_names(const ByteSource& file);

/// Gives names to the integer labels of `samples`: fills label_texts with the names, and replaces
/// each label by the position of its name there. Throws DataError for a label without a name.
void name_labels(Samples& samples, const ClassNames& classes);

}  // namespace dga
