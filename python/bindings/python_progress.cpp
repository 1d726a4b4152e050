// SPDX-License-Identifier: Apache-2.0

#include "python/bindings/python_progress.h"

#include <nanobind/stl/string.h>

#include <utility>

#include "dga/base/clock.h"
#include "dga/base/error.h"
#include "python/bindings/results.h"

namespace nb = nanobind;

namespace dga::python {

PythonProgress::PythonProgress(nb::object target, double step_interval)
    : target_(std::move(target)), step_interval_(step_interval) {}

PythonProgress::~PythonProgress() {
  // The problem that holds it may be dropped by any thread.
  const nb::gil_scoped_acquire gil;
  error_.reset();
  target_.reset();
}

template <typename Call>
void PythonProgress::call(Call&& call) {
  const nb::gil_scoped_acquire gil;
  try {
    call();
  } catch (nb::python_error& error) {
    error_ = std::make_unique<nb::python_error>(std::move(error));
    // Python's own error is raised in the place of this one.
    throw Error("[python] a callback raised an exception.");
  }
}

void PythonProgress::started(const RunStart& start) {
  stop_ = false;
  call([&] {
    nb::dict facts;
    facts["engine"] = start.engine;
    facts["workers"] = start.workers;
    facts["train_samples"] = start.train_samples;
    facts["test_samples"] = start.test_samples;
    facts["features"] = start.features;
    facts["outputs"] = start.outputs;
    facts["parameters"] = start.parameters;
    facts["epochs"] = start.epochs;
    facts["steps_per_epoch"] = start.steps_per_epoch;
    facts["classification"] = start.classification;
    target_.attr("started")(facts);
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
    target_.attr("step_done")(facts);
  });
}

void PythonProgress::epoch_done(const EpochResult& epoch) {
  call([&] { stop_ = nb::cast<bool>(target_.attr("epoch_done")(epoch_dict(epoch))); });
}

void PythonProgress::raise_error() {
  if (error_ != nullptr) {
    const std::unique_ptr<nb::python_error> error = std::move(error_);
    throw nb::python_error(*error);
  }
}

void PythonProgress::forget_error() noexcept {
  error_.reset();
}

}  // namespace dga::python
