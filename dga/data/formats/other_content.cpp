// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/other_content.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

#include "dga/base/error.h"
#include "dga/base/lower_case.h"

namespace dga {
namespace {

constexpr std::string_view kUtf8Mark = "\xef\xbb\xbf";
constexpr std::string_view kBlanks = " \t\r\n";

std::string_view without_blanks_before(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  return text;
}

bool is_web_page(std::string_view head) {
  const std::string start = lower_case(std::string(head.substr(0, 64)));
  constexpr std::array<std::string_view, 6> kStarts = {"<!doctype html", "<html", "<head",
                                                       "<body",          "<!--",  "<script"};
  return std::any_of(kStarts.begin(), kStarts.end(),
                     [&](std::string_view each) { return start.starts_with(each); });
}

/// Whether the text begins as an object, or as an array of objects, arrays or texts.
bool is_json(std::string_view head) {
  const char first = head.empty() ? '\0' : head.front();
  if (first != '{' && first != '[') {
    return false;
  }
  const std::string_view inside = without_blanks_before(head.substr(1));
  const char second = inside.empty() ? '\0' : inside.front();
  return second == '"' || (first == '{' ? second == '}' : second == '{' || second == '[');
}

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte == 0x7f || (byte < 0x20 && c != '\n' && c != '\r' && c != '\t');
}

/// "0x0c (form feed)"
std::string name_of_control(char c) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  const std::string code = {'0', 'x', kDigits[byte >> 4U], kDigits[byte & 15U]};
  const std::string_view name = c == '\0'     ? " (NUL)"
                                : c == '\f'   ? " (form feed)"
                                : c == '\v'   ? " (vertical tab)"
                                : c == '\x1a' ? " (Ctrl-Z)"
                                              : "";
  return str(code, name);
}

}  // namespace

void refuse_other_content(const ByteSource& file, std::string_view head) {
  if (head.starts_with(kUtf8Mark)) {
    head.remove_prefix(kUtf8Mark.size());
  }
  head = without_blanks_before(head);
  const auto refuse = [&](std::string_view found, std::string_view advice) {
    throw DataError(str(file.name(), ": expected data, found ", found, ". ", advice));
  };
  if (head.starts_with("version https://git-lfs.github.com/spec/")) {
    refuse("a pointer of Git LFS in place of the file", "Get the file with git lfs pull.");
  } else if (is_web_page(head)) {
    refuse("a web page (HTML), as after a download that failed",
           "Download the data itself, or remove the file.");
  } else if (head.starts_with("<?xml")) {
    refuse("XML", "Convert it to CSV, or remove the file.");
  } else if (is_json(head)) {
    refuse("JSON", "Convert it to CSV, or remove the file.");
  }
}

void refuse_unknown_format(const ByteSource& file, std::string_view head,
                           std::string_view format_names) {
  const auto controls = std::count_if(head.begin(), head.end(), is_control);
  const auto zeros = std::count(head.begin(), head.end(), '\0');
  const auto size = std::ssize(head);
  if (zeros * 4 >= size && (size < 2 || (head[0] == '\0') != (head[1] == '\0')) &&
      controls == zeros) {
    throw DataError(str(file.name(),
                        ": expected text in UTF-8, found what seems to be UTF-16 without a "
                        "byte-order mark. Save the file as UTF-8."));
  }
  const auto bad = std::find_if(head.begin(), head.end(), is_control);
  if (bad != head.end() && bad != head.begin() && controls * 20 <= size) {
    const auto line = 1 + std::count(head.begin(), bad, '\n');
    throw DataError(str(file.name(), ":", line, ": expected text, found the byte ",
                        name_of_control(*bad), ". Remove it, or the file if it is no text."));
  }
  throw DataError(str(file.name(), ": expected one of the formats ", format_names, ", found \"",
                      printable(head, 8),
                      "\" at its start, which is none. Convert or remove the file."));
}

}  // namespace dga
