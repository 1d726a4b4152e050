// SPDX-License-Identifier: Apache-2.0
//
// HTML: text and tables in it. Whatever is put in is text, never markup.

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace dga {

/// `text` so that it reads as itself between tags and within quoted attributes.
std::string html_text(std::string_view text);

/// A table with a heading for each column, the first of which heads the rows.
class HtmlTable {
 public:
  HtmlTable(const std::string& caption, const std::vector<std::string>& columns);

  /// One cell for each column.
  void add(const std::vector<std::string>& cells);
  std::string str() const;

 private:
  std::string head_;
  std::string rows_;
};

}  // namespace dga
