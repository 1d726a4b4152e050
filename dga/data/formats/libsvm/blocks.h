// SPDX-License-Identifier: Apache-2.0
//
// libsvm_blocks: reads blocks of streamed samples from LIBSVM files.

#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "dga/data/samples.h"
#include "dga/data/source.h"
#include "dga/data/stream/text_blocks.h"

namespace dga {

/// The reader of `samples`, whose count, shape and origins are known. `first_index`: of feature 0.
std::shared_ptr<const BlockReader> libsvm_blocks(std::vector<SourcePtr> files,
                                                 std::vector<TextMark> marks,
                                                 const Samples& samples, std::int64_t first_index,
                                                 Task task);

}  // namespace dga
