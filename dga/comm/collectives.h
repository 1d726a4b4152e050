// SPDX-License-Identifier: Apache-2.0
//
// The algorithms of all collectives, on one node and on many. docs/algorithms.md tells them in
// words, with the bytes that each rank moves.

#pragma once

#include "dga/comm/steps.h"

namespace dga {

class Collective;

/// The steps of what `collective` was asked to do; it must outlive them.
Steps steps_of(Collective& collective);

}  // namespace dga
