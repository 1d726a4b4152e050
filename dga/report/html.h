// SPDX-License-Identifier: Apache-2.0
//
// HTML text and tables. All input is treated as text, never as markup.

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace dga {

/// `text`, escaped for use between tags and in quoted attributes.
std::string html_text(std::string_view text);

/// A table with one heading per column. The first cell of a row is the row's heading.
class HtmlTable {
 public:
  HtmlTable(const std::string& caption, const std::vector<std::string>& columns);

  /// Adds a row, with one cell per column.
  void add(const std::vector<std::string>& cells);
  std::string str() const;

 private:
  std::string head_;
  std::string rows_;
};

}  // namespace dga
