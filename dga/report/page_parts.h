// SPDX-License-Identifier: Apache-2.0
//
// The constant parts of report.html. cmake/DgaEmbed.cmake generates these functions.

#pragma once

#include <string_view>

namespace dga {

std::string_view report_style();
std::string_view report_script();
std::string_view uplot_style();
std::string_view uplot_script();
std::string_view uplot_licence();

}  // namespace dga
