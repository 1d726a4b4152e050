// SPDX-License-Identifier: Apache-2.0
//
// The text of an exception as dga shows it.

#pragma once

#include <exception>
#include <string>

namespace dga {

/// `error.what()`; of an exception of torch's, which carries a stack trace and advice in further
/// lines, only the first line; of std::bad_alloc what to do.
std::string exception_text(const std::exception& error);

/// Whether `error` carries torch's stack trace. The core, which does not include torch, tells by
/// the text.
bool is_torch_exception(const std::exception& error) noexcept;

}  // namespace dga
