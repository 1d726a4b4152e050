// SPDX-License-Identifier: Apache-2.0
//
// PythonProgress: a Progress that tells a Python object.

#pragma once

#include <nanobind/nanobind.h>

#include <memory>

#include "dga/launch/progress.h"

namespace dga::python {

/// Calls, with the GIL held, `started(dict)`, `step_done(dict)` and `epoch_done(dict)`; what the
/// last one returns says whether the run is to end. What Python raises is kept for the caller of
/// the run, and ends it.
class PythonProgress final : public Progress {
 public:
  /// `step_interval`: seconds between two calls of step_done, 0 for every step.
  PythonProgress(nanobind::object target, double step_interval);
  ~PythonProgress() override;

  void started(const RunStart& start) override;
  void step_done(const StepResult& step) override;
  void epoch_done(const EpochResult& epoch) override;
  bool wants_stop() override { return stop_; }

  /// Raises what Python raised, if it did. Call it with the GIL.
  void raise_error();
  void forget_error() noexcept;

 private:
  template <typename Call>
  void call(Call&& call);

  nanobind::object target_;
  double step_interval_;
  double last_step_at_ = 0;
  bool stop_ = false;
  std::unique_ptr<nanobind::python_error> error_;
};

}  // namespace dga::python
