// SPDX-License-Identifier: Apache-2.0
//
// csv_blocks: reads blocks of streamed samples from CSV files.

#pragma once

#include <memory>

#include "dga/data/formats/table/reading.h"
#include "dga/data/stream/block_reader.h"

namespace dga {

/// The reader of samples that were read in place: their columns are known, and their marks. It
/// gives the values that a reading into memory would give. `origins`: by column, before categories
/// are encoded. Takes the marks out of `reading`.
std::shared_ptr<const BlockReader> csv_blocks(TableReading& reading, const Origins& origins);

}  // namespace dga
