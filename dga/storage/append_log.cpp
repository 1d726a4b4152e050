// SPDX-License-Identifier: Apache-2.0

#include "dga/storage/append_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "dga/base/error.h"

namespace dga {
namespace {

/// The offset at which the last complete line ends.
std::int64_t end_of_lines(const FileHandle& file, std::int64_t size) {
  std::array<char, 4096> piece{};
  std::int64_t end = size;
  while (end > 0) {
    const std::int64_t begin = std::max<std::int64_t>(0, end - std::ssize(piece));
    const ssize_t count =
        ::pread(file.descriptor(), piece.data(), static_cast<std::size_t>(end - begin), begin);
    for (std::int64_t i = count; i > 0; --i) {
      if (piece[static_cast<std::size_t>(i - 1)] == '\n') {
        return begin + i;
      }
    }
    end = begin;
  }
  return 0;
}

}  // namespace

AppendLog::AppendLog(std::string path)
    : path_(std::move(path)), file_(path_, O_RDWR | O_CREAT | O_APPEND) {
  const std::int64_t size = file_.size();
  const std::int64_t whole = end_of_lines(file_, size);
  if (whole < size) {
    file_.truncate(whole);
  }
  file_.sync();
  sync_folder_of(path_);
}

void AppendLog::append(std::string_view line) {
  DGA_CHECK(line.find('\n') == std::string_view::npos, "[storage] ", path_,
            ": expected a line without a newline, found one. Append each line by itself.");
  const std::string whole = str(line, '\n');
  const std::int64_t before = file_.size();
  try {
    file_.write(std::as_bytes(std::span(whole)));
    file_.sync();
  } catch (const StorageError&) {
    file_.truncate(before);
    throw;
  }
}

}  // namespace dga
