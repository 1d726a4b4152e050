// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/format.h"

#include <algorithm>
#include <array>

#include "dga/base/error.h"
#include "dga/data/formats/csv/csv.h"
#include "dga/data/formats/csv/text.h"
#include "dga/data/formats/idx.h"
#include "dga/data/formats/image.h"

namespace dga {
namespace {

// Formats with stricter recognition come first.
constexpr std::array kFormats = {
    Format{"IDX", is_idx, read_idx},
    Format{"PNG/JPEG", is_image, read_images},
    Format{"CSV", is_csv, read_csv},
};

}  // namespace

std::span<const Format> formats() {
  return kFormats;
}

std::string format_names() {
  std::string names;
  for (const Format& format : kFormats) {
    names += (names.empty() ? "" : ", ") + std::string(format.name);
  }
  return names;
}

const Format& format_of(const ByteSource& file) {
  std::array<char, 4096> buffer{};
  const auto count = std::min(static_cast<std::int64_t>(buffer.size()), file.size());
  file.read(0, std::span(buffer).first(static_cast<std::size_t>(count)));
  const std::string_view head(buffer.data(), static_cast<std::size_t>(count));
  if (head.empty()) {
    throw DataError(str(file.name(), ": expected data (", format_names(),
                        "), found an empty file. Remove or replace it."));
  }
  for (const Format& format : kFormats) {
    if (format.recognises(head)) {
      return format;
    }
  }
  throw DataError(str(file.name(), ": expected one of the formats ", format_names(), ", found \"",
                      printable(head, 8),
                      "\" at its start, which is none. Convert or remove the file."));
}

}  // namespace dga
