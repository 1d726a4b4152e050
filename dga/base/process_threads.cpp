// SPDX-License-Identifier: Apache-2.0

#include "dga/base/process_threads.h"

#include <fstream>
#include <string>

namespace dga {

bool single_threaded() {
  std::ifstream status("/proc/self/status");
  for (std::string name; status >> name;) {
    if (name == "Threads:") {
      int threads = 0;
      return static_cast<bool>(status >> threads) && threads == 1;
    }
  }
  return false;
}

}  // namespace dga
