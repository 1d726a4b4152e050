// SPDX-License-Identifier: Apache-2.0

#include <string>
#include <vector>

#include "dga/base/error.h"
#include "dga/base/one_line.h"
#include "dga/data/formats/arrays/elements.h"

namespace dga {
namespace {

/// Appends a character in UTF-8. Returns false for a number that is none.
bool append_utf8(std::uint32_t character, std::string& text) {
  if (character > 0x10ffff || (character >= 0xd800 && character < 0xe000)) {
    return false;
  }
  const auto byte = [&](std::uint32_t bits) { text += static_cast<char>(bits); };
  const auto later = [&](int shift) { byte(0x80U | ((character >> shift) & 0x3fU)); };
  if (character < 0x80) {
    byte(character);
  } else if (character < 0x800) {
    byte(0xc0U | (character >> 6));
    later(0);
  } else if (character < 0x10000) {
    byte(0xe0U | (character >> 12));
    later(6);
    later(0);
  } else {
    byte(0xf0U | (character >> 18));
    later(12);
    later(6);
    later(0);
  }
  return true;
}

/// The text of an element, without the zeros at its end. Returns false for what is no text.
bool text_of_element(const StoredArray& array, const char* element, std::string& text) {
  text.clear();
  if (array.type == ElementType::bytes) {
    text.assign(element, static_cast<std::size_t>(array.element_bytes));
    text.erase(text.find_last_not_of('\0') + 1);
    return is_utf8(text) && text.find('\0') == std::string::npos;
  }
  for (std::int64_t at = 0; at < array.element_bytes; at += 4) {
    if (!append_utf8(detail::load_bits<std::uint32_t>(element + at, array.big_endian), text)) {
      return false;
    }
  }
  text.erase(text.find_last_not_of('\0') + 1);
  return text.find('\0') == std::string::npos;
}

}  // namespace

std::vector<std::string> read_texts(const StoredArray& array) {
  constexpr std::int64_t kPiece = 4096;
  std::vector<std::string> texts;
  std::vector<char> buffer;
  for (std::int64_t first = 0; first < array.rows(); first += kPiece) {
    const std::int64_t count = std::min(kPiece, array.rows() - first);
    buffer.resize(static_cast<std::size_t>(count * array.element_bytes));
    array.file->read(array.begin + first * array.element_bytes, buffer);
    for (std::int64_t i = 0; i < count; ++i) {
      texts.emplace_back();
      if (!text_of_element(array, buffer.data() + i * array.element_bytes, texts.back())) {
        throw DataError(str(array.place, ": sample ", first + i,
                            ": expected a label in UTF-8, found \"", printable(texts.back()),
                            "\". Save the labels as text or as integers."));
      }
    }
  }
  return texts;
}

}  // namespace dga
