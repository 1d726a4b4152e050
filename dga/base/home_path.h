// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>

namespace dga {

/// `path` with "~" or "~USER" at its start replaced by the home folder of the current user ($HOME,
/// else the system's user database) or of USER, as shells do. Unchanged if it begins otherwise or
/// there is no such user. "./~" names a file called "~".
std::string expand_home(const std::string& path);

}  // namespace dga
