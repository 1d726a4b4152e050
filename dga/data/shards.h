// SPDX-License-Identifier: Apache-2.0
//
// Shards: the assignment of training samples to workers.

#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "dga/base/named_values.h"
#include "dga/data/dataset.h"

namespace dga {

/// How shards are cut. iid: from a random order. contiguous: from the order of the dataset.
/// by_label: from the samples sorted by label, so that a worker sees few classes (the hard case of
/// federated learning).
enum class ShardKind { iid, contiguous, by_label };

inline constexpr NamedValues<ShardKind, 3> kShardKindNames{{{"iid", ShardKind::iid},
                                                            {"contiguous", ShardKind::contiguous},
                                                            {"by-label", ShardKind::by_label}}};

/// A list of sample indices for each worker. The shards are disjoint and contain all samples. Their
/// sizes differ by at most one, and the larger ones come first. The result depends on the arguments
/// alone, so each worker can compute it without communication. Throws InvalidArgument if `workers`
/// is below 1 or there are fewer samples than workers.
std::vector<std::vector<std::int64_t>> shards(const Dataset& training, int workers, ShardKind kind,
                                              std::uint64_t seed);

/// The range [first, second) of `samples` samples that belongs to `rank` if they are cut into
/// consecutive shards. May be empty. Held-out samples are distributed like this for evaluation.
/// Throws InvalidArgument for a rank out of range.
std::pair<std::int64_t, std::int64_t> contiguous_share(std::int64_t samples, int workers, int rank);

}  // namespace dga
