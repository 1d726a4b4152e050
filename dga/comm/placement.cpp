// SPDX-License-Identifier: Apache-2.0

#include "dga/comm/placement.h"

#include <algorithm>
#include <cstddef>

namespace dga {

int Placement::num_nodes() const noexcept {
  return node_of.empty() ? 0 : *std::max_element(node_of.begin(), node_of.end()) + 1;
}

std::vector<int> Placement::workers_of(int node) const {
  std::vector<int> workers;
  for (int worker = 0; worker < num_workers(); ++worker) {
    if (node_of[static_cast<std::size_t>(worker)] == node) {
      workers.push_back(worker);
    }
  }
  return workers;
}

Placement Placement::single_node(int num_workers) {
  return {std::vector<int>(static_cast<std::size_t>(num_workers), 0)};
}

}  // namespace dga
