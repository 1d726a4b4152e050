// SPDX-License-Identifier: Apache-2.0

#include "dga/base/exception_text.h"

#include <algorithm>
#include <new>
#include <string_view>

namespace dga {
namespace {

// How c10::Error introduces the place that raised it, and its stack trace. A failed allocation has
// the trace alone.
constexpr std::string_view kTraceBegins = "\nException raised from ";
constexpr std::string_view kFramesBegin = "\nframe #0: ";

}  // namespace

bool is_torch_exception(const std::exception& error) noexcept {
  const std::string_view text = error.what();
  return text.find(kTraceBegins) != std::string_view::npos ||
         text.find(kFramesBegin) != std::string_view::npos;
}

std::string exception_text(const std::exception& error) {
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) {
    return "expected enough memory, found none left. Use fewer workers, less data, or a machine "
           "with "
           "more memory.";
  }
  std::string_view text = error.what();
  if (!is_torch_exception(error)) {
    return std::string(text);
  }
  text.remove_prefix(std::min(text.find_first_not_of("\n "), text.size()));
  return std::string(text.substr(0, text.find('\n')));
}

}  // namespace dga
