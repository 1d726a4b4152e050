// SPDX-License-Identifier: Apache-2.0

#include "python/bindings/python_progress.h"

#include <nanobind/stl/string.h>

#include <utility>

#include "dga/base/clock.h"
#include "python/bindings/results.h"

namespace nb = nanobind;

namespace dga::python {

PythonProgress::PythonProgress(HeldObject target, double step_interval,
                               std::shared_ptr<CallbackError> error)
    : target_(std::move(target)), step_interval_(step_interval), error_(std::move(error)) {}

template <typename Call>
void PythonProgress::call(Call&& call) {
  const nb::gil_scoped_acquire gil;
  error_->guard(call);
}

void PythonProgress::started(const RunStart& start) {
  stop_ = false;
  call([&] {
    nb::dict facts;
    facts["engine"] = start.engine;
    facts["workers"] = start.workers;
    facts["train_samples"] = start.train_samples;
    facts["test_samples"] = start.test_samples;
    facts["validation_samples"] = start.validation_samples;
    facts["features"] = start.features;
    facts["outputs"] = start.outputs;
    facts["parameters"] = start.parameters;
    facts["epochs"] = start.epochs;
    facts["steps_per_epoch"] = start.steps_per_epoch;
    facts["classification"] = start.classification;
    target_->attr("started")(facts);
  });
}

void PythonProgress::step_done(const StepResult& step) {
  const double now = now_seconds();
  if (now - last_step_at_ < step_interval_) {
    return;
  }
  last_step_at_ = now;
  call([&] {
    nb::dict facts;
    facts["steps"] = step.steps;
    facts["epoch"] = step.epoch;
    facts["loss"] = step.loss;
    target_->attr("step_done")(facts);
  });
}

void PythonProgress::epoch_done(const EpochResult& epoch) {
  call([&] { stop_ = nb::cast<bool>(target_->attr("epoch_done")(epoch_dict(epoch))); });
}

}  // namespace dga::python
