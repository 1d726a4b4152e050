// SPDX-License-Identifier: Apache-2.0

#include "dga/parallel/kernel_warm_up.h"

#include <ATen/Functions.h>

#include <mutex>

namespace dga {

void warm_up_kernels() {
  static std::once_flag once;
  std::call_once(once, [] {
    const c10::InferenceMode no_graph;
    for (const auto type : {at::kFloat, at::kDouble}) {
      // 64 elements are enough for the vector kernels; 0.5 is in the domain of every function.
      const at::Tensor x = at::full({8, 8}, 0.5, type);
      at::mm(x, x);
      for (const auto function : {static_cast<at::Tensor (*)(const at::Tensor&)>(at::sqrt),
                                  at::exp,
                                  at::expm1,
                                  at::log,
                                  at::log10,
                                  at::log2,
                                  at::log1p,
                                  at::sin,
                                  at::cos,
                                  at::tan,
                                  at::asin,
                                  at::acos,
                                  at::atan,
                                  at::sinh,
                                  at::cosh,
                                  at::tanh,
                                  at::erf,
                                  at::erfc,
                                  at::erfinv,
                                  at::lgamma,
                                  at::digamma,
                                  at::sigmoid,
                                  at::rsqrt,
                                  at::trunc}) {
        function(x);
      }
    }
  });
}

}  // namespace dga
