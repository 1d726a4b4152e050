// SPDX-License-Identifier: Apache-2.0
//
// Files of runs, in every store.

#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <string>
#include <vector>

#include "dga/base/home_path.h"
#include "dga/storage/file_tree.h"
#include "dga/storage/store_path.h"
#include "python/bindings/bindings.h"

namespace nb = nanobind;

namespace dga::python {
namespace {

nb::bytes file_bytes(const std::string& file) {
  std::string bytes;
  {
    const nb::gil_scoped_release others;
    bytes = read_all(*StorePath(file).open());
  }
  return nb::bytes(bytes.data(), bytes.size());
}

void copy_to_new_folder(const std::string& source, const std::vector<std::string>& names,
                        const std::string& target) {
  const nb::gil_scoped_release others;
  dga::copy_to_new_folder(StorePath(source), names, StorePath(expand_home(target)));
}

}  // namespace

void bind_storage(nb::module_& module) {
  module.def("expand_home", expand_home, nb::arg("text"));
  module.def("file_bytes", file_bytes, nb::arg("file"));
  module.def(
      "path_in",
      [](const std::string& folder, const std::string& name) { return path_in(folder, name); },
      nb::arg("folder"), nb::arg("name"));
  module.def("copy_to_new_folder", copy_to_new_folder, nb::arg("source"), nb::arg("names"),
             nb::arg("target"));
}

}  // namespace dga::python
