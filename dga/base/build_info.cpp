// SPDX-License-Identifier: Apache-2.0

#include "dga/base/build_info.h"

#include "dga/base/error.h"

namespace dga {

std::string version() {
  return DGA_VERSION;
}

std::string build_description() {
  const std::string type = DGA_BUILD_TYPE;
  const std::string sanitizers = DGA_SANITIZE;
#ifdef __clang__
  const std::string compiler = "clang " __clang_version__;
#else
  const std::string compiler = "g++ " __VERSION__;
#endif
  return str(type.empty() ? "no build type" : type, ", ", compiler,
             sanitizers.empty() ? "" : ", sanitizers ", sanitizers);
}

}  // namespace dga
