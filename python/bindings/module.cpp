// SPDX-License-Identifier: Apache-2.0

#include "python/bindings/bindings.h"

NB_MODULE(_core, module) {
  dga::python::bind_errors(module);
  dga::python::bind_options(module);
  dga::python::bind_data(module);
  dga::python::bind_problem(module);
  dga::python::bind_results(module);
  dga::python::bind_model(module);
  dga::python::bind_storage(module);
  dga::python::bind_log(module);
}
