// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <nanobind/nanobind.h>

#include "dga/options/run_options.h"

namespace dga::python {

/// The options that `arguments` gives by their Python names; the others have their defaults. Values
/// are bool, int, float, str or a list of int, as the package's _arguments.py made them. Throws
/// InvalidArgument for a name that is no option's and a value that the option does not accept.
RunOptions run_options_of(const nanobind::dict& arguments);

}  // namespace dga::python
