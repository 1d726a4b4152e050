// SPDX-License-Identifier: Apache-2.0
//
// Files of runs, in every store.

#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

#include <string>

#include "dga/base/home_path.h"
#include "dga/storage/checked_folder.h"
#include "dga/storage/run_folder.h"
#include "dga/storage/store_path.h"
#include "python/bindings/bindings.h"

namespace nb = nanobind;

namespace dga::python {
namespace {

nb::bytes run_file(const std::string& folder, const std::string& name) {
  std::string bytes;
  {
    const nb::gil_scoped_release others;
    bytes = CheckedFolder(folder).read(name);
  }
  return nb::bytes(bytes.data(), bytes.size());
}

void copy_run(const std::string& source, const std::string& target) {
  const nb::gil_scoped_release others;
  dga::copy_run(source, expand_home(target));
}

}  // namespace

void bind_storage(nb::module_& module) {
  module.def("expand_home", expand_home, nb::arg("text"));
  module.def("run_file", run_file, nb::arg("folder"), nb::arg("name"));
  module.def(
      "path_in",
      [](const std::string& folder, const std::string& name) { return path_in(folder, name); },
      nb::arg("folder"), nb::arg("name"));
  module.def("copy_run", copy_run, nb::arg("source"), nb::arg("target"));
}

}  // namespace dga::python
