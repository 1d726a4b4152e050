// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/arrays/npy.h"

#include <array>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

#include "dga/base/error.h"
#include "dga/data/formats/arrays/array_pairs.h"
#include "dga/data/shape_text.h"
#include "dga/storage/store_path.h"

namespace dga {
namespace {

constexpr std::string_view kMagic{"\x93NUMPY", 6};

[[noreturn]] void damaged(const std::string& place, std::string_view found) {
  throw DataError(str(place, ": expected an array as numpy.save writes it, found ", found,
                      ". Save or copy the file again."));
}

/// A reader of the few forms of Python literals that a header has.
class Literal {
 public:
  explicit Literal(std::string_view text) : text_(text) {}

  /// Whether `token` comes next; if so, passes it.
  bool take(std::string_view token) {
    text_.remove_prefix(std::min(text_.find_first_not_of(" \t\n"), text_.size()));
    if (!text_.starts_with(token)) {
      return false;
    }
    text_.remove_prefix(token.size());
    return true;
  }
  std::optional<std::string> string() {
    const char quote = take("'") ? '\'' : take("\"") ? '"' : '\0';
    const std::size_t end = quote == '\0' ? std::string_view::npos : text_.find(quote);
    if (end == std::string_view::npos) {
      return {};
    }
    std::string result(text_.substr(0, end));
    text_.remove_prefix(end + 1);
    return result;
  }
  std::optional<std::int64_t> integer() {
    std::int64_t value = 0;
    take("");
    const auto parsed = std::from_chars(text_.data(), text_.data() + text_.size(), value);
    if (parsed.ec != std::errc{}) {
      return {};
    }
    text_.remove_prefix(static_cast<std::size_t>(parsed.ptr - text_.data()));
    take("L");  // as Python 2 wrote it
    return value;
  }
  std::optional<bool> boolean() {
    return take("True") ? std::optional(true) : take("False") ? std::optional(false) : std::nullopt;
  }

 private:
  std::string_view text_;
};

struct NpyHeader {
  std::string type = {};
  std::optional<bool> column_major = {};
  std::optional<std::vector<std::int64_t>> dims = {};
};

std::optional<std::vector<std::int64_t>> tuple_of(Literal& literal) {
  if (!literal.take("(")) {
    return {};
  }
  std::vector<std::int64_t> dims;
  while (!literal.take(")")) {
    const auto dim = literal.integer();
    if (!dim) {
      return {};
    }
    dims.push_back(*dim);
    if (!literal.take(",")) {
      return literal.take(")") ? std::optional(dims) : std::nullopt;
    }
  }
  return dims;
}

NpyHeader parse_header(std::string_view text, const std::string& place) {
  Literal literal(text);
  NpyHeader header;
  bool fine = literal.take("{");
  while (fine && !literal.take("}")) {
    const auto key = literal.string();
    fine = key && literal.take(":");
    if (fine && key == "descr") {
      if (literal.take("[")) {
        throw DataError(str(place, ": expected an array of numbers or texts, found one of records ",
                            "with fields. Save each field as an array of its own."));
      }
      const auto type = literal.string();
      fine = type.has_value();
      header.type = type.value_or("");
    } else if (fine && key == "fortran_order") {
      header.column_major = literal.boolean();
      fine = header.column_major.has_value();
    } else if (fine && key == "shape") {
      header.dims = tuple_of(literal);
      fine = header.dims.has_value();
    } else {
      fine = false;
    }
    if (fine && !literal.take(",")) {
      fine = literal.take("}");
      break;
    }
  }
  if (!fine || header.type.empty() || !header.column_major || !header.dims) {
    damaged(place, "a damaged header");
  }
  return header;
}

/// Sets the type of `array` from one such as "<f4".
void set_type(const std::string& type, StoredArray& array) {
  struct Known {
    std::string_view name;
    ElementType type;
  };
  constexpr std::array<Known, 12> kNumbers{{{"b1", ElementType::boolean},
                                            {"u1", ElementType::u8},
                                            {"i1", ElementType::i8},
                                            {"u2", ElementType::u16},
                                            {"i2", ElementType::i16},
                                            {"u4", ElementType::u32},
                                            {"i4", ElementType::i32},
                                            {"u8", ElementType::u64},
                                            {"i8", ElementType::i64},
                                            {"f2", ElementType::f16},
                                            {"f4", ElementType::f32},
                                            {"f8", ElementType::f64}}};
  const std::string_view name = std::string_view(type).substr(1);
  array.big_endian = type.front() == '>';
  for (const Known& known : kNumbers) {
    if (name == known.name) {
      array.type = known.type;
      array.element_bytes = name.back() - '0';
      return;
    }
  }
  std::int64_t size = 0;
  const auto parsed = name.empty()
                          ? std::from_chars_result{nullptr, std::errc::invalid_argument}
                          : std::from_chars(name.data() + 1, name.data() + name.size(), size);
  constexpr std::int64_t kLongestText = 1 << 20;
  if (parsed.ec == std::errc{} && parsed.ptr == name.data() + name.size() && size > 0 &&
      size <= kLongestText && (name.front() == 'S' || name.front() == 'U')) {
    array.type = name.front() == 'S' ? ElementType::bytes : ElementType::utf32;
    array.element_bytes = name.front() == 'S' ? size : 4 * size;
    return;
  }
  throw DataError(str(array.place, ": expected an array of booleans, integers, floats or texts, ",
                      "found the type ", printable(type),
                      name == "O" ? ". Save the values as numbers or as texts: "
                                    "array.astype(float) or astype(str)."
                                  : ". Convert the array with astype."));
}

}  // namespace

bool is_npy(const ByteSource&, std::string_view head) {
  return head.starts_with(kMagic);
}

StoredArray read_npy_header(SourcePtr file, std::string title, std::string place) {
  StoredArray array{.title = std::move(title), .place = std::move(place), .file = std::move(file)};
  const std::int64_t size = array.file->size();
  std::array<char, 12> head{};
  const auto known = std::min<std::int64_t>(size, std::ssize(head));
  array.file->read(0, std::span(head).first(static_cast<std::size_t>(known)));
  if (known < 10 || std::string_view(head.data(), kMagic.size()) != kMagic) {
    damaged(array.place, "no magic number at its start");
  }
  const auto byte = [&](std::size_t i) {
    return static_cast<std::int64_t>(static_cast<unsigned char>(head[i]));
  };
  const std::int64_t version = byte(6);
  if (version < 1 || version > 3) {
    damaged(array.place, str("version ", version, " of the format"));
  }
  const std::int64_t begin = version == 1 ? 10 : 12;
  const std::int64_t length = version == 1
                                  ? byte(8) + 256 * byte(9)
                                  : byte(8) + 256 * (byte(9) + 256 * (byte(10) + 256 * byte(11)));
  constexpr std::int64_t kLongestHeader = 1 << 16;
  if (known < begin || length > std::min(size - begin, kLongestHeader)) {
    damaged(array.place, "an end within its header");
  }
  std::string text(static_cast<std::size_t>(length), '\0');
  array.file->read(begin, text);
  NpyHeader header = parse_header(text, array.place);
  set_type(header.type, array);
  array.dims = std::move(*header.dims);
  array.column_major = *header.column_major && array.dims.size() > 1;
  array.begin = begin + length;
  if (array.dims.empty()) {
    throw DataError(str(array.place, ": expected an array with a dimension of samples, found a ",
                        "single value. Save an array."));
  }
  const std::int64_t bytes = array_bytes(array.dims, array.element_bytes);
  if (bytes < 0 || size - array.begin != bytes) {
    throw DataError(str(array.place, ": expected ", shape_text(array.dims), " elements of ",
                        array.element_bytes, " bytes after the header, found ", size - array.begin,
                        " bytes. The file seems cut off or damaged; copy it again."));
  }
  array.stride = array.width() * array.element_bytes;
  return array;
}

ArrayPairs npy_arrays(std::span<const SourcePtr> files, const ReadOptions& options) {
  std::vector<StoredArray> arrays;
  for (const SourcePtr& file : files) {
    arrays.push_back(read_npy_header(file, file_name(file->name()), file->name()));
  }
  return pair_arrays({std::move(arrays)}, "an NPY file", options);
}

}  // namespace dga
