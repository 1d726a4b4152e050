// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/arrays/idx.h"

#include <utility>
#include <vector>

#include "dga/base/error.h"
#include "dga/data/formats/arrays/array_pairs.h"
#include "dga/data/formats/arrays/elements.h"
#include "dga/data/shape_text.h"
#include "dga/storage/store_path.h"

namespace dga {
namespace {

/// Sets the type of `array`. Returns false for a number that stands for none.
bool set_idx_type(unsigned char number, StoredArray& array) {
  switch (number) {
    case 0x08:
      array.type = ElementType::u8;
      array.element_bytes = 1;
      return true;
    case 0x09:
      array.type = ElementType::i8;
      array.element_bytes = 1;
      return true;
    case 0x0b:
      array.type = ElementType::i16;
      array.element_bytes = 2;
      return true;
    case 0x0c:
      array.type = ElementType::i32;
      array.element_bytes = 4;
      return true;
    case 0x0d:
      array.type = ElementType::f32;
      array.element_bytes = 4;
      return true;
    case 0x0e:
      array.type = ElementType::f64;
      array.element_bytes = 8;
      return true;
    default:
      return false;
  }
}

bool has_idx_magic(std::string_view head) {
  StoredArray array;
  return head.size() >= 4 && head[0] == '\0' && head[1] == '\0' &&
         set_idx_type(static_cast<unsigned char>(head[2]), array) && head[3] != '\0';
}

[[noreturn]] void fail_short(const ByteSource& file, const char* what, std::int64_t bytes) {
  throw DataError(str(file.name(), ": expected an IDX file with ", what, ", found ", bytes,
                      " bytes. The file seems cut off; copy it again."));
}

StoredArray read_idx_header(const SourcePtr& file) {
  char head[4];
  if (file->size() < 4) {
    fail_short(*file, "4 bytes of magic number", file->size());
  }
  file->read(0, head);
  if (!has_idx_magic({head, 4})) {
    throw DataError(str(file->name(),
                        ": expected IDX's magic number, two zero bytes, a type from "
                        "08, 09, 0b, 0c, 0d, 0e and a number of dimensions, found ",
                        printable({head, 4}), ". Convert the file."));
  }
  StoredArray array{
      .title = file_name(file->name()), .place = file->name(), .file = file, .big_endian = true};
  set_idx_type(static_cast<unsigned char>(head[2]), array);
  const auto num_dims = static_cast<std::int64_t>(static_cast<unsigned char>(head[3]));
  array.begin = 4 + 4 * num_dims;
  if (file->size() < array.begin) {
    fail_short(*file, "a whole header", file->size());
  }
  for (std::int64_t d = 0; d < num_dims; ++d) {
    char size[4];
    file->read(4 + 4 * d, size);
    array.dims.push_back(
        static_cast<std::int64_t>(detail::load_bits<std::uint32_t>(size, /*big_endian=*/true)));
  }
  if (file->size() - array.begin != array_bytes(array.dims, array.element_bytes)) {
    throw DataError(str(file->name(), ": expected ", shape_text(array.dims), " elements of ",
                        array.element_bytes, " bytes after the header, found ",
                        file->size() - array.begin,
                        " bytes. The file seems cut off or damaged; copy it again."));
  }
  array.stride = array.width() * array.element_bytes;
  return array;
}

}  // namespace

bool is_idx(const ByteSource&, std::string_view head) {
  return has_idx_magic(head);
}

ArrayPairs idx_arrays(std::span<const SourcePtr> files, const ReadOptions& options) {
  std::vector<StoredArray> arrays;
  for (const SourcePtr& file : files) {
    arrays.push_back(read_idx_header(file));
  }
  return pair_arrays({std::move(arrays)}, "an IDX file", options);
}

}  // namespace dga
