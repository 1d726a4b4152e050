// SPDX-License-Identifier: Apache-2.0
//
// The problem API. The interpreter runs on while workers do: the GIL is released in every call that
// may take long, and Ctrl-C becomes a request to stop, which ends the run and raises
// KeyboardInterrupt.

#include "dga/problem/problem.h"

#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>
#include <signal.h>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "dga/base/error.h"
#include "dga/launch/launch.h"
#include "dga/launch/launched_rank.h"
#include "dga/launch/stop_signal.h"
#include "dga/options/options_json.h"
#include "python/bindings/bindings.h"
#include "python/bindings/options.h"
#include "python/bindings/python_functions.h"
#include "python/bindings/python_progress.h"

namespace nb = nanobind;

namespace dga::python {
namespace {

/// A problem, the Python objects that it calls, and where these leave their exceptions.
struct Problem {
  FactorizationProblem problem;
  std::vector<HeldObject> held;
  std::shared_ptr<CallbackError> callback_error;
};

int traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  if (nb::inst_ready(self)) {
    for (const HeldObject& object : nb::inst_ptr<Problem>(self)->held) {
      Py_VISIT(object->ptr());
    }
  }
  return 0;
}

/// Called for garbage, which nobody can run any more.
int clear(PyObject* self) {
  for (const HeldObject& object : nb::inst_ptr<Problem>(self)->held) {
    object->reset();
  }
  return 0;
}

const std::array<PyType_Slot, 3> kProblemSlots{{{Py_tp_traverse, reinterpret_cast<void*>(traverse)},
                                                {Py_tp_clear, reinterpret_cast<void*>(clear)},
                                                {0, nullptr}}};

Problem create_problem(const nb::dict& options, const std::optional<ClientDataset>& dataset,
                       std::optional<nb::object> progress, double step_interval,
                       std::optional<nb::object> loss,
                       std::vector<std::pair<std::string, nb::object>> metrics) {
  FactorizationProblemOptions problem{.run = run_options_of(options), .dataset = dataset};
  auto error = std::make_shared<CallbackError>();
  std::vector<HeldObject> held;
  if (progress) {
    held.push_back(hold(std::move(*progress)));
    problem.progress = std::make_shared<PythonProgress>(held.back(), step_interval, error);
  }
  if (loss) {
    problem.loss = loss_of(python_loss(held.emplace_back(hold(std::move(*loss))), error));
  }
  for (auto& [name, function] : metrics) {
    held.push_back(hold(std::move(function)));
    problem.metrics.push_back({name, metric_of(python_metric(held.back(), error))});
  }
  const nb::gil_scoped_release release;
  return {create_factorization_problem(problem), std::move(held), std::move(error)};
}

/// Ctrl-C while the run goes on. One exists at a time, so where another run has it this one goes
/// without, and is refused by run() itself.
class Interruptible {
 public:
  Interruptible() {
    try {
      signal_.emplace(SecondSignal::is_ignored);
    } catch (const InvalidArgument&) {
    }
  }
  /// The signal that came, with the program's own handlers back in place.
  int finish() {
    const int number = signal_ ? StopSignal::signal_number() : 0;
    signal_.reset();
    return number;
  }

 private:
  std::optional<StopSignal> signal_;
};

void run_problem(const Problem& problem) {
  problem.callback_error->forget();
  Interruptible interruptible;
  try {
    const nb::gil_scoped_release release;
    run(problem.problem);
  } catch (const Interrupted&) {
    if (const int number = interruptible.finish(); number != 0 && number != SIGINT) {
      raise(number);  // SIGTERM and the like mean what they meant to the program
    }
    throw;
  } catch (const Error&) {
    problem.callback_error->raise();
    throw;
  }
}

nb::list tasks_of(const Problem& problem) {
  std::vector<TaskAssignment> tasks;
  {
    const nb::gil_scoped_release release;
    tasks = assign_tasks(problem.problem);
  }
  nb::list list;
  for (TaskAssignment& task : tasks) {
    nb::dict entry;
    entry["worker"] = task.worker;
    entry["node"] = task.node;
    entry["host"] = task.host;
    entry["num_samples"] = task.num_samples;
    entry["num_test_samples"] = task.num_test_samples;
    entry["num_validation_samples"] = task.num_validation_samples;
    entry["samples"] = nb::cast(task.samples);
    list.append(entry);
  }
  return list;
}

nb::dict values_of(const WorkerValues& values) {
  nb::dict result;
  result["mean"] = values.mean();
  nb::list list;
  for (const std::optional<double>& value : values.values()) {
    list.append(value ? nb::cast(*value) : nb::none());
  }
  result["values"] = list;
  return result;
}

nb::dict open_environment(const nb::dict& arguments, std::string worker_program) {
  const EnvironmentInfo info = create_environment(
      {.workers = run_options_of(arguments).workers, .worker_program = std::move(worker_program)});
  nb::dict result;
  result["engine"] = std::string(name_of(info.engine));
  result["machine"] = info.machine;
  return result;
}

nb::dict self_test_report() {
  SelfTestReport report;
  {
    const nb::gil_scoped_release release;
    report = self_test();
  }
  nb::dict result;
  result["passed"] = report.passed;
  result["lines"] = nb::cast(report.lines);
  return result;
}

}  // namespace

void bind_problem(nb::module_& module) {
  nb::class_<Problem>(module, "FactorizationProblem", nb::type_slots(kProblemSlots.data()))
      .def_prop_ro("options", [](const Problem& problem) {
        return nb::module_::import_("json").attr("loads")(to_json(problem.problem.options()));
      });
  module.def("create_environment", open_environment, nb::arg("options"), nb::arg("worker_program"));
  module.def("close", [] { close(); });
  module.def("launched_rank", launched_rank);
  module.def("end_without_others", end_without_others);
  module.def("create_problem", create_problem, nb::arg("options"), nb::arg("dataset").none(),
             nb::arg("progress").none(), nb::arg("step_interval"), nb::arg("loss").none(),
             nb::arg("metrics"));
  module.def("assign_tasks", tasks_of, nb::arg("problem"));
  module.def(
      "prepare_data", [](const Problem& problem) { prepare_data(problem.problem); },
      nb::arg("problem"), nb::call_guard<nb::gil_scoped_release>());
  module.def("run", run_problem, nb::arg("problem"));
  module.def(
      "get_results", [](const Problem& problem) { return get_results(problem.problem); },
      nb::arg("problem"));
  module.def("time", [] { return values_of(time()); });
  module.def("error", [] { return values_of(error()); });
  module.def("self_test", self_test_report);
}

}  // namespace dga::python
