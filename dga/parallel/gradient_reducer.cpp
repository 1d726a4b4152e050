// SPDX-License-Identifier: Apache-2.0

#include "dga/parallel/gradient_reducer.h"

#include <utility>

#include "dga/base/error.h"
#include "dga/parallel/block_reducer.h"
#include "dga/parallel/bucket_reducer.h"
#include "dga/parallel/node_reducer.h"

namespace dga {

GradientReducer::GradientReducer(Communicator workers, const ParameterLayout& layout,
                                 bool check_finite, int accumulator)
    : workers_(std::move(workers)),
      layout_(layout),
      label_(str("gradients of accumulator ", accumulator)),
      check_finite_(check_finite),
      finite_check_(layout) {}

std::unique_ptr<GradientReducer> make_gradient_reducer(const Communicator& workers,
                                                       const ParameterLayout& layout,
                                                       const SharedBuffer& parameters,
                                                       bool check_finite, int accumulator,
                                                       StepRecorder& recorder) {
  if (!layout.blocks().one_each()) {
    return std::make_unique<BlockReducer>(workers, layout, parameters, check_finite, accumulator,
                                          recorder);
  }
  if (workers.placement().num_nodes() == 1) {
    return std::make_unique<NodeReducer>(workers, layout, check_finite, accumulator, recorder);
  }
  return std::make_unique<BucketReducer>(workers, layout, parameters, check_finite, accumulator,
                                         recorder);
}

void GradientReducer::look_at(int bucket, double loss_scale) {
  if (layout_.buckets()[static_cast<std::size_t>(bucket)].by_rows) {
    rows_->look_at(finite_check_, bucket, loss_scale);
  } else {
    finite_check_.look_at(gradients(), bucket, loss_scale);
  }
}

}  // namespace dga
