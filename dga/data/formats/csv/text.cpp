// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/csv/text.h"

#include <iconv.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string>

#include "dga/base/error.h"

namespace dga {
namespace {

constexpr std::string_view kLittleEndianMark = "\xff\xfe";
constexpr std::string_view kBigEndianMark = "\xfe\xff";
constexpr std::string_view kUtf32Mark("\xff\xfe\0\0", 4);
constexpr char kCtrlZ = '\x1a';  // the end of a text file in DOS

std::string contents(const ByteSource& file) {
  std::string bytes(static_cast<std::size_t>(file.size()), '\0');
  file.read(0, bytes);
  return bytes;
}

/// `bytes` without its byte-order mark, from `encoding` to UTF-8.
std::string from_utf16(const ByteSource& file, std::string bytes, const char* encoding) {
  const auto close = [](iconv_t converter) { iconv_close(converter); };
  const iconv_t opened = iconv_open("UTF-8", encoding);
  if (opened == reinterpret_cast<iconv_t>(-1)) {  // NOLINT(performance-no-int-to-ptr): POSIX
    throw DataError(str(file.name(), ": expected to be able to read ", encoding,
                        ", found that iconv cannot. Save the file as UTF-8."));
  }
  const std::unique_ptr<std::remove_pointer_t<iconv_t>, decltype(close)> converter(opened, close);
  std::string text(bytes.size() / 2 * 3 + 4, '\0');  // a unit of UTF-16 takes at most 3 bytes
  char* in = bytes.data();
  std::size_t left = bytes.size();
  char* out = text.data();
  std::size_t room = text.size();
  if (iconv(converter.get(), &in, &left, &out, &room) == static_cast<std::size_t>(-1)) {
    throw DataError(str(file.name(), ": expected UTF-16 as its byte-order mark says, found ",
                        errno == EINVAL ? "a character that is cut off" : "an invalid character",
                        " at byte ", in - bytes.data() + 2, ". Save the file as UTF-8."));
  }
  text.resize(text.size() - room);
  return text;
}

/// The byte-order mark of UTF-32 begins as that of UTF-16.
void refuse_utf32(const ByteSource& file) {
  char start[4] = {};
  if (file.size() >= 4) {
    file.read(0, start);
    if (std::string_view(start, 4) == kUtf32Mark) {
      throw DataError(
          str(file.name(),
              ": expected UTF-8 or UTF-16, found the byte-order mark of UTF-32. Save the "
              "file as UTF-8."));
    }
  }
}

/// Whether the first line of the file ends in CR alone.
bool has_lone_cr(const ByteSource& file) {
  std::string text;
  for (std::int64_t offset = 0; offset < file.size();) {
    const auto count = std::min(std::max<std::int64_t>(4096, offset), file.size() - offset);
    const std::size_t old = text.size();
    text.resize(old + static_cast<std::size_t>(count));
    file.read(offset, std::span(text).subspan(old));
    offset += count;
    const std::size_t end = text.find_first_of("\r\n", old == 0 ? 0 : old - 1);
    if (end != std::string::npos && (end + 1 < text.size() || offset == file.size())) {
      return text[end] == '\r' && (end + 1 == text.size() || text[end + 1] != '\n');
    }
  }
  return false;
}

void end_lines_in_lf(std::string& text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r' && (i + 1 == text.size() || text[i + 1] != '\n')) {
      text[i] = '\n';
    }
  }
}

/// Bytes of what is converted have no place in the file.
[[noreturn]] void refuse_conversion(const ByteSource& file, const char* expected,
                                    const char* found) {
  throw DataError(str(file.name(), ": expected ", expected, " to stream the file, found ", found,
                      ". Save it so, or leave --stream out."));
}

}  // namespace

bool is_csv(const ByteSource&, std::string_view head) {
  if (head.starts_with(kLittleEndianMark) || head.starts_with(kBigEndianMark)) {
    return true;
  }
  const std::size_t end = head.find_last_not_of("\r\n");
  if (end != std::string_view::npos && head[end] == kCtrlZ) {
    head.remove_suffix(head.size() - end);
  }
  return !head.empty() && std::none_of(head.begin(), head.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == 0x7f || (byte < 0x20 && c != '\n' && c != '\r' && c != '\t');
  });
}

SourcePtr csv_text(const SourcePtr& file, bool in_place) {
  SourcePtr text = file;
  if (file->size() >= 2) {
    char start[2];
    file->read(0, start);
    const std::string_view mark(start, 2);
    refuse_utf32(*file);
    if (mark == kLittleEndianMark || mark == kBigEndianMark) {
      const char* const encoding = mark == kLittleEndianMark ? "UTF-16LE" : "UTF-16BE";
      if (in_place) {
        refuse_conversion(*file, "UTF-8", "UTF-16");
      }
      text = source_of(file->name(), from_utf16(*file, contents(*file).substr(2), encoding));
    }
  }
  if (has_lone_cr(*text)) {
    if (in_place) {
      refuse_conversion(*file, "lines that end in LF or CRLF", "CR alone");
    }
    std::string converted = contents(*text);
    end_lines_in_lf(converted);
    text = source_of(file->name(), std::move(converted));
  }
  return text;
}

}  // namespace dga
