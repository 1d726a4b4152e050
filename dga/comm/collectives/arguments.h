// SPDX-License-Identifier: Apache-2.0
//
// The arguments of each collective, checked: sizes, types, roots and memory. All of these throw
// InvalidArgument for what no rank may pass, and are not collective. What must be the same on all
// ranks is compared later, by Collective. Where input and output overlap, the input is copied; see
// Communicator.

#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "dga/comm/collectives/collective.h"

namespace dga {

/// `what`: the operation; `where`: which of its buffers.
void check_buffer(std::string_view what, std::string_view where, ConstBufferView view);

CollectiveArgs broadcast_args(const Group& group, BufferView buffer, int root,
                              std::string_view label);
CollectiveArgs all_reduce_args(const Group& group, BufferView buffer, ReduceOp op,
                               std::string_view label);
CollectiveArgs reduce_args(const Group& group, ConstBufferView in, BufferView out, int root,
                           ReduceOp op, std::string_view label);
CollectiveArgs reduce_scatter_args(const Group& group, ConstBufferView in, BufferView out,
                                   ReduceOp op, std::vector<std::int64_t> counts, double weight,
                                   std::string_view label);
CollectiveArgs reduce_partials_args(const Group& group, ConstBufferView in, BufferView out,
                                    const WorkerBlocks& blocks, std::vector<std::int64_t> counts,
                                    std::string_view label);
CollectiveArgs all_gather_args(const Group& group, ConstBufferView in, BufferView out,
                               std::vector<std::int64_t> counts, std::string_view label);
CollectiveArgs gather_args(const Group& group, ConstBufferView in, BufferView out, int root,
                           std::vector<std::int64_t> counts, std::string_view label);
CollectiveArgs scatter_args(const Group& group, ConstBufferView in, BufferView out, int root,
                            std::vector<std::int64_t> counts, std::string_view label);
CollectiveArgs all_to_all_args(const Group& group, ConstBufferView in, BufferView out,
                               std::vector<std::int64_t> send_counts,
                               std::vector<std::int64_t> receive_counts, std::string_view label);
CollectiveArgs share_args(const Group& group, BufferView buffer, std::vector<std::int64_t> counts,
                          std::string_view label);

}  // namespace dga
