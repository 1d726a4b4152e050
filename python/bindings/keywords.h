// SPDX-License-Identifier: Apache-2.0
//
// Messages of the library, which names options as the command line does, in the words of Python.

#pragma once

#include <string>
#include <string_view>

namespace dga::python {

/// `text` with the arguments of Python in place of options: "leave it out with --drop age, or
/// choose a --label" becomes "leave it out with drop=age, or choose a label=". Other words that
/// begin with "--" stay.
std::string with_keywords(std::string_view text);

}  // namespace dga::python
