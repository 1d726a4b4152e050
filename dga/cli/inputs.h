// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <span>
#include <string>

namespace dga {

/// Throws InvalidArgument if the file `output` of --output is one of `inputs`, under any name.
void refuse_input_as_output(const std::string& output, std::span<const std::string> inputs);

}  // namespace dga
