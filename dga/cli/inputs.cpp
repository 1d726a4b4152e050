// SPDX-License-Identifier: Apache-2.0

#include "dga/cli/inputs.h"

#include <filesystem>

#include "dga/base/error.h"

namespace dga {

void refuse_input_as_output(const std::string& output, std::span<const std::string> inputs) {
  for (const std::string& input : inputs) {
    std::error_code error;  // for an output that does not exist yet
    DGA_CHECK(!std::filesystem::equivalent(output, input, error),
              "[options] output: expected a file that this command does not read, found ", output,
              ", which would be overwritten. Choose another file.");
  }
}

}  // namespace dga
