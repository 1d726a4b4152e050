// SPDX-License-Identifier: Apache-2.0
//
// Shards: which worker trains on which samples.

#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "dga/base/named_values.h"
#include "dga/data/dataset.h"

namespace dga {

/// iid: drawn at random. contiguous: in the order of the samples. by_label: sorted by label first,
/// so that a worker sees few classes (the hard case of federated training).
enum class ShardKind { iid, contiguous, by_label };

inline constexpr NamedValues<ShardKind, 3> kShardKindNames{{{"iid", ShardKind::iid},
                                                            {"contiguous", ShardKind::contiguous},
                                                            {"by-label", ShardKind::by_label}}};

/// One list of sample numbers a worker: disjoint, together all samples, sizes differing by at most
/// one, the larger ones first. Depends on the arguments alone, so every worker may compute it.
/// Throws InvalidArgument when `workers` is below 1 or there are fewer samples than workers.
std::vector<std::vector<std::int64_t>> shards(const Dataset& training, int workers, ShardKind kind,
                                              std::uint64_t seed);

/// Samples [first, second) of `samples` that fall to `rank` when they are dealt in order; may be
/// empty. This is how held-out samples are shared for evaluation.
std::pair<std::int64_t, std::int64_t> contiguous_share(std::int64_t samples, int workers, int rank);

}  // namespace dga
