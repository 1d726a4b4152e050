// SPDX-License-Identifier: Apache-2.0
//
// CIFAR: the binary version of CIFAR-10 and CIFAR-100
// (https://www.cs.toronto.edu/~kriz/cifar.html). A record is the label in one byte (CIFAR-100: the
// coarse label, then the fine one) and 3 x 32 x 32 bytes of red, green and blue. There is no
// header.

#pragma once

#include <span>
#include <string_view>

#include "dga/data/formats/arrays/array_pairs.h"
#include "dga/data/source.h"

namespace dga {

/// Whether the file consists of such records: by its size, and by labels that are classes of CIFAR.
bool is_cifar(const ByteSource& file, std::string_view head);

/// The pictures of all files; of CIFAR-100 with their fine labels. Throws DataError, which
/// names the file, if some are of CIFAR-10 and some of CIFAR-100.
ArrayPairs cifar_arrays(std::span<const SourcePtr> files, const ReadOptions& options);

}  // namespace dga
