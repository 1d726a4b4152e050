// SPDX-License-Identifier: Apache-2.0
//
// The parts of the module _core, a file each. Arguments were checked by the Python layer where
// Python's own words for a mistake are better; everything else throws dga's errors.

#pragma once

#include <nanobind/nanobind.h>

namespace dga::python {

void bind_errors(nanobind::module_& module);
void bind_options(nanobind::module_& module);
void bind_data(nanobind::module_& module);
void bind_problem(nanobind::module_& module);
void bind_results(nanobind::module_& module);
void bind_model(nanobind::module_& module);
void bind_storage(nanobind::module_& module);
void bind_log(nanobind::module_& module);

}  // namespace dga::python
