// SPDX-License-Identifier: Apache-2.0

#include "dga/cli/inputs.h"

#include "dga/base/error.h"
#include "dga/storage/store_path.h"

namespace dga {

void refuse_input_as_output(const std::string& output, std::span<const std::string> inputs) {
  if (output.empty()) {
    return;
  }
  const auto written = StorePath(output).status();
  for (const std::string& input : inputs) {
    const auto read = written ? StorePath(input).status() : std::nullopt;
    DGA_CHECK(!read || read->identity != written->identity,
              "[options] output: expected a file that this command does not read, found ", output,
              ", which would be overwritten. Choose another file.");
  }
}

}  // namespace dga
