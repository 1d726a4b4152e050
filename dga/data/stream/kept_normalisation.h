// SPDX-License-Identifier: Apache-2.0
//
// KeptNormalisation: the normalisation of streamed samples, for which all of them are read, kept in
// an IndexFolder.

#pragma once

#include <cstdint>

#include "dga/data/normalisation.h"
#include "dga/data/stream/index_folder.h"

namespace dga {

/// Where a run keeps what it finds in its training files.
struct TrainingIndex {
  IndexFolder folder;
  IndexKey key;  // of the files, read with the options of the run
};

/// measure_normalisation(training, missing). With an index, which may be null, it is measured once:
/// `training` must be what is left of the samples of the index's files when `test_fraction` of them
/// is held out by `seed`, or all of them if none are. Throws as measure_normalisation does.
Normalisation find_or_measure_normalisation(const TrainingIndex* index, const Dataset& training,
                                            Missing missing, double test_fraction,
                                            std::uint64_t seed);

}  // namespace dga
