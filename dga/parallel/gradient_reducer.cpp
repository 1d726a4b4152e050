// SPDX-License-Identifier: Apache-2.0

#include "dga/parallel/gradient_reducer.h"

#include "dga/parallel/bucket_reducer.h"
#include "dga/parallel/node_reducer.h"

namespace dga {

std::unique_ptr<GradientReducer> make_gradient_reducer(const Communicator& workers,
                                                       const ParameterLayout& layout,
                                                       const SharedBuffer& parameters,
                                                       bool check_finite, StepRecorder& recorder) {
  if (workers.placement().num_nodes() == 1) {
    return std::make_unique<NodeReducer>(workers, layout, check_finite, recorder);
  }
  return std::make_unique<BucketReducer>(workers, layout, parameters, check_finite, recorder);
}

void GradientReducer::look_at(int bucket, double loss_scale) {
  if (layout_.buckets()[static_cast<std::size_t>(bucket)].by_rows) {
    rows_->look_at(finite_check_, bucket, loss_scale);
  } else {
    finite_check_.look_at(gradients(), bucket, loss_scale);
  }
}

}  // namespace dga
