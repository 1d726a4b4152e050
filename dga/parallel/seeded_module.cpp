// SPDX-License-Identifier: Apache-2.0

#include "dga/parallel/seeded_module.h"

#include "dga/base/random.h"

namespace dga {
namespace {

std::mutex& one_at_a_time() {
  static std::mutex mutex;
  return mutex;
}

}  // namespace

SeededConstruction::SeededConstruction(std::uint64_t seed)
    : alone_(one_at_a_time()), random_(stream_key(seed, "init")) {}

}  // namespace dga
