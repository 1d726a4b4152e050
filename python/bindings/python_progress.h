// SPDX-License-Identifier: Apache-2.0
//
// PythonProgress: a Progress that tells a Python object.

#pragma once

#include <memory>

#include "dga/options/progress.h"
#include "python/bindings/callback_error.h"
#include "python/bindings/held_object.h"

namespace dga::python {

/// Calls, with the GIL held, `started(dict)`, `step_done(dict)` and `epoch_done(dict)`; what the
/// last one returns says whether the run is to end. What Python raises ends it.
class PythonProgress final : public Progress {
 public:
  /// `step_interval`: seconds between two calls of step_done, 0 for every step.
  PythonProgress(HeldObject target, double step_interval, std::shared_ptr<CallbackError> error);

  void started(const RunStart& start) override;
  void step_done(const StepResult& step) override;
  void epoch_done(const EpochResult& epoch) override;
  bool wants_stop() override { return stop_; }

 private:
  template <typename Call>
  void call(Call&& call);

  HeldObject target_;
  double step_interval_;
  double last_step_at_ = 0;
  bool stop_ = false;
  std::shared_ptr<CallbackError> error_;
};

}  // namespace dga::python
