// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>
#include <vector>

#include "dga/base/fact.h"
#include "dga/data/load.h"

namespace dga {

/// Adds what ranks that train on `data` together must have in common: the columns, and size, shape,
/// classes and checksum of each set. One pass over the samples at memory speed.
void add_data_facts(const LoadedData& data, std::vector<Fact>& facts);

/// Adds the names of the files of all sets, without their folders: each host may have a copy in a
/// place of its own. Does not throw: what cannot be read is named as such.
void add_file_facts(const LoadOptions& options, std::vector<Fact>& facts);

}  // namespace dga
