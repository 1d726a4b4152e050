// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>

#include "dga/base/error.h"

namespace dga {

/// Throws the error for a file whose content is not what it was when its samples were counted.
[[noreturn]] inline void refuse_changed_file(const std::string& name) {
  throw DataError(
      str(name,
          ": expected the file as it was when it was opened, found that it has changed. "
          "Do not change the file while it is read."));
}

}  // namespace dga
