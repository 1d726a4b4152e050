// SPDX-License-Identifier: Apache-2.0

#include <iostream>

#include "dga/base/build_info.h"
#include "dga/cli/command.h"

namespace dga {

Action add_version(CLI::App&) {
  return [] {
    std::cout << "dga " << version() << '\n';
    return 0;
  };
}

}  // namespace dga
