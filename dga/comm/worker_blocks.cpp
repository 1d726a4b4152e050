// SPDX-License-Identifier: Apache-2.0

#include "dga/comm/worker_blocks.h"

#include "dga/base/error.h"

namespace dga {

WorkerBlocks::WorkerBlocks(int workers, int carriers) : workers_(workers), carriers_(carriers) {
  DGA_CHECK(carriers >= 1 && carriers <= workers, "[comm] carriers: expected 1 to ", workers,
            ", the number of workers, found ", carriers, ". Use fewer carriers or more workers.");
}

WorkerBlock WorkerBlocks::of(int carrier) const noexcept {
  const Slice slice = slice_of(workers_, carriers_, carrier);
  return {static_cast<int>(slice.first), static_cast<int>(slice.count)};
}

int WorkerBlocks::carrier_of(int worker) const noexcept {
  // The first `longer` blocks have one worker more than the others.
  const int size = workers_ / carriers_;
  const int longer = workers_ % carriers_;
  const int in_longer = longer * (size + 1);
  return worker < in_longer ? worker / (size + 1) : longer + (worker - in_longer) / size;
}

std::vector<TreeNode> WorkerBlocks::cover_of(int carrier) const {
  const WorkerBlock block = of(carrier);
  return tree_cover(workers_,
                    [&](int worker) { return worker >= block.first && worker < block.end(); });
}

std::string WorkerBlocks::name_of(int carrier) const {
  const WorkerBlock block = of(carrier);
  return block.count == 1
             ? str("worker ", block.first)
             : str("carrier ", carrier, " (workers ", block.first, " to ", block.end() - 1, ")");
}

}  // namespace dga
