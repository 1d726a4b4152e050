// SPDX-License-Identifier: Apache-2.0

#include "dga/report/html.h"

#include <cstddef>

namespace dga {

std::string html_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

HtmlTable::HtmlTable(const std::string& caption, const std::vector<std::string>& columns)
    : head_("<caption>" + html_text(caption) + "</caption>\n<thead><tr>") {
  for (const std::string& column : columns) {
    head_ += "<th scope=\"col\">" + html_text(column) + "</th>";
  }
  head_ += "</tr></thead>\n";
}

void HtmlTable::add(const std::vector<std::string>& cells) {
  rows_ += "<tr>";
  for (std::size_t i = 0; i < cells.size(); ++i) {
    rows_ += (i == 0 ? "<th scope=\"row\">" : "<td>") + html_text(cells[i]) +
             (i == 0 ? "</th>" : "</td>");
  }
  rows_ += "</tr>\n";
}

std::string HtmlTable::str() const {
  return "<div class=\"scroll\" tabindex=\"0\"><table>" + head_ + "<tbody>\n" + rows_ +
         "</tbody></table></div>\n";
}

}  // namespace dga
