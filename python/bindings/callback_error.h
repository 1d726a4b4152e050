// SPDX-License-Identifier: Apache-2.0
//
// CallbackError: what Python raised in a function that a run called. It ends the run as an error of
// dga's, and is raised as it was by the call that started the run.

#pragma once

#include <nanobind/nanobind.h>

#include <memory>

#include "dga/base/error.h"

namespace dga::python {

/// Every member needs the GIL, which is what keeps several workers' errors apart.
class CallbackError {
 public:
  /// Answers what `function` does. Throws Error, and keeps what Python raised, the first only.
  template <typename Function>
  auto guard(const Function& function) {
    try {
      return function();
    } catch (nanobind::python_error& error) {
      if (error_ == nullptr) {
        error_ = std::make_unique<nanobind::python_error>(std::move(error));
      }
      throw Error("[python] a callback raised an exception.");
    }
  }

  /// Raises what was kept, if anything was.
  void raise() {
    if (error_ != nullptr) {
      const std::unique_ptr<nanobind::python_error> error = std::move(error_);
      throw nanobind::python_error(*error);
    }
  }
  void forget() noexcept { error_.reset(); }

 private:
  std::unique_ptr<nanobind::python_error> error_;
};

}  // namespace dga::python
