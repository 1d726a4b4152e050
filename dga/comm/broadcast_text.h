// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>

#include "dga/comm/communicator.h"

namespace dga {

/// Gives every worker the text of worker `root`. Collective over `workers`; blocks.
void broadcast_text(const Communicator& workers, std::string& text, int root);

}  // namespace dga
