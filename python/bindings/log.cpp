// SPDX-License-Identifier: Apache-2.0
//
// dga's log lines for Python's logging, with the arguments of Python in place of options.

#include "dga/base/log.h"

#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

#include <string>

#include "dga/base/build_info.h"
#include "python/bindings/bindings.h"
#include "python/bindings/keywords.h"

namespace nb = nanobind;

namespace dga::python {
namespace {

/// logging's numbers.
int python_level(LogLevel level) noexcept {
  switch (level) {
    case LogLevel::debug:
      return 10;
    case LogLevel::info:
      return 20;
    case LogLevel::warning:
      return 30;
    case LogLevel::error:
    case LogLevel::off:
      break;
  }
  return 40;
}

void send_log_to(const nb::callable& sink) {
  // Kept for the life of the process: worker threads may log until its end.
  PyObject* target = nb::object(sink).release().ptr();
  set_log_sink([target](LogLevel level, std::string_view text) {
    if (Py_IsInitialized() == 0) {
      return;
    }
    const nb::gil_scoped_acquire gil;
    try {
      const nb::handle callee(target);
      callee(python_level(level), with_keywords(text));
    } catch (nb::python_error& error) {
      error.discard_as_unraisable("dga's log");
    }
  });
  set_log_level(LogLevel::debug);
}

}  // namespace

void bind_log(nb::module_& module) {
  module.def("send_log_to", send_log_to, nb::arg("sink"));
  module.def("version", version);
  module.def("build_description", build_description);
  module.def("mpi_version", mpi_version);
}

}  // namespace dga::python
