// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>
#include <vector>

#include "dga/comm/communicator.h"

namespace dga {

/// Replaces `text` on every rank by the text of rank `root`. Collective over `workers`; blocks.
/// Throws as Communicator::broadcast does.
void broadcast_text(const Communicator& workers, std::string& text, int root);

/// The text of the lowest rank that has one, on every rank; "" if none has. Collective over
/// `workers`; blocks. Throws as Communicator::all_reduce does.
std::string first_text(const Communicator& workers, std::string text);

/// The texts of all ranks on rank 0, in their order; none on others. Collective over `workers`;
/// blocks. Throws as Communicator::gather does.
std::vector<std::string> gather_texts(const Communicator& workers, const std::string& mine);

}  // namespace dga
