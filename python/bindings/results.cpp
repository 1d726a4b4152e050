// SPDX-License-Identifier: Apache-2.0
//
// Results and saved models.

#include "python/bindings/results.h"

#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

#include <string>

#include "dga/train/train_run.h"
#include "python/bindings/bindings.h"

namespace nb = nanobind;

namespace dga::python {
namespace {

nb::object parsed(const std::string& json) {
  return nb::module_::import_("json").attr("loads")(json);
}

}  // namespace

nb::object epoch_dict(const EpochResult& epoch) {
  return parsed(to_json(epoch));
}

void bind_results(nb::module_& module) {
  nb::class_<RunSummary>(module, "RunSummary")
      .def_prop_ro("folder", [](const RunSummary& summary) { return summary.folder; })
      .def("to_dict", [](const RunSummary& summary) { return parsed(to_json(summary.results)); });
}

}  // namespace dga::python
