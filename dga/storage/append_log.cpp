// SPDX-License-Identifier: Apache-2.0

#include "dga/storage/append_log.h"

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>

#include "dga/base/error.h"
#include "dga/storage/store_path.h"

namespace dga {
namespace {

/// The offset at which the last complete line ends.
std::int64_t end_of_lines(const ByteSource& file) {
  constexpr std::int64_t kPiece = 4096;
  std::string piece;
  for (std::int64_t end = file.size(); end > 0;) {
    const std::int64_t begin = std::max<std::int64_t>(0, end - kPiece);
    piece.resize(static_cast<std::size_t>(end - begin));
    file.read(begin, piece);
    if (const std::size_t newline = piece.rfind('\n'); newline != std::string::npos) {
      return begin + static_cast<std::int64_t>(newline) + 1;
    }
    end = begin;
  }
  return 0;
}

/// Cuts off an incomplete last line. Returns the path.
const std::string& repaired(const std::string& text) {
  const StorePath path(text);
  if (!path.exists()) {
    return text;
  }
  const SourcePtr file = path.open();
  const std::int64_t whole = end_of_lines(*file);
  if (whole < file->size()) {
    path.truncate(whole);
  }
  return text;
}

}  // namespace

AppendLog::AppendLog(std::string path) : path_(std::move(path)), file_(repaired(path_)) {}

void AppendLog::append(std::string_view line) {
  DGA_CHECK(line.find('\n') == std::string_view::npos, "[storage] ", path_,
            ": expected a line without a newline, found one. Append each line by itself.");
  const std::string whole = str(line, '\n');
  file_.append(std::as_bytes(std::span(whole)));
}

}  // namespace dga
