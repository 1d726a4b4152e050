// SPDX-License-Identifier: Apache-2.0

#include "dga/cli/printed.h"

#include <iostream>

#include "dga/base/error.h"

namespace dga {

void check_printed(std::string_view done) {
  if (!std::cout.flush()) {
    throw Error(
        str("[cli] standard output: expected to be able to print, found that it is full or closed.",
            done, " Redirect it elsewhere."));
  }
}

}  // namespace dga
