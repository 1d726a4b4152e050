// SPDX-License-Identifier: Apache-2.0

#include "dga/parallel/gradient_reducer.h"

#include "dga/base/error.h"
#include "dga/parallel/bucket_reducer.h"
#include "dga/parallel/gradient_scan.h"
#include "dga/parallel/node_reducer.h"

namespace dga {

void GradientReducer::check_expected(std::int64_t found) const {
  DGA_CHECK(!expected_samples_ || *expected_samples_ == found, "[parallel] step: expected ",
            expected_samples_.value_or(0),
            " samples over all workers, as expect_samples was told, found ", found,
            ". Pass every worker the same total of what all pass to backward.");
}

int GradientReducer::contributor_of_non_finite(std::int64_t first_byte, DType type) const {
  const Placement placement = workers_.placement();
  const int me = workers_.rank();
  const auto at = gradients() - memory().data() + first_byte;
  const auto neighbours = placement.workers_of(placement.node_of[static_cast<std::size_t>(me)]);
  for (int local = 0; local < static_cast<int>(neighbours.size()); ++local) {
    const int worker = neighbours[static_cast<std::size_t>(local)];
    // The sum has replaced this worker's own element.
    const void* element = memory().neighbour(local) + at;
    if (worker != me && first_non_finite({element, 1, type}) == 0) {
      return worker;
    }
  }
  return placement.num_nodes() == 1 ? me : -1;
}

std::unique_ptr<GradientReducer> make_gradient_reducer(const Communicator& workers,
                                                       const ParameterLayout& layout,
                                                       const SharedBuffer& parameters,
                                                       StepRecorder& recorder) {
  if (workers.placement().num_nodes() == 1) {
    return std::make_unique<NodeReducer>(workers, layout, recorder);
  }
  return std::make_unique<BucketReducer>(workers, layout, parameters, recorder);
}

}  // namespace dga
