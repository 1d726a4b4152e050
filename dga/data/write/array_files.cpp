// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "dga/base/error.h"
#include "dga/data/write/set_files.h"
#include "dga/storage/safetensors.h"

namespace dga {
namespace {

static_assert(std::endian::native == std::endian::little,
              "NPY and safetensors are written in the machine's byte order");

/// Appends `value` to `bytes`, with its first byte first unless `big_endian`.
template <typename T>
void append_element(std::string& bytes, T value, bool big_endian) {
  char element[sizeof(T)];
  std::memcpy(element, &value, sizeof(T));
  if (big_endian) {
    std::reverse(element, element + sizeof(T));
  }
  bytes.append(element, sizeof(T));
}

void append_number(std::string& bytes, double value, WrittenType type, bool big_endian) {
  switch (type) {
    case WrittenType::u8:
      return append_element(bytes, static_cast<std::uint8_t>(value), big_endian);
    case WrittenType::f32:
      return append_element(bytes, static_cast<float>(value), big_endian);
    case WrittenType::f64:
      return append_element(bytes, value, big_endian);
  }
}

void append_features(AtomicFile& file, const WrittenSet& set, bool big_endian) {
  std::string bytes;
  for_each_block(set, [&](const WrittenBlock& block) {
    bytes.clear();
    for (const double value : block.features) {
      append_number(bytes, value, set.type, big_endian);
    }
    file.append(bytes);
  });
}

/// Integer labels as `Label`, or targets.
template <typename Label>
void append_labels(AtomicFile& file, const WrittenSet& set, bool big_endian) {
  std::string bytes;
  for_each_block(set, [&](const WrittenBlock& block) {
    bytes.clear();
    for (const std::int64_t each : block.classes) {
      append_element(bytes, static_cast<Label>(set.labels[static_cast<std::size_t>(each)]),
                     big_endian);
    }
    for (const double target : block.targets) {
      append_number(bytes, target, set.target_type, big_endian);
    }
    file.append(bytes);
  });
}

std::vector<std::int64_t> shape_of_samples(const WrittenSet& set) {
  std::vector<std::int64_t> shape = set.data->sample_shape();
  shape.insert(shape.begin(), set.data->size());
  return shape;
}

bool has_integer_labels(const WrittenSet& set) {
  return !set.labels.empty() || set.data->num_classes() == 0;
}

void append_npy_header(AtomicFile& file, std::string_view type,
                       const std::vector<std::int64_t>& shape) {
  std::string header = str("{'descr': '", type, "', 'fortran_order': False, 'shape': (");
  for (const std::int64_t dim : shape) {
    header += std::to_string(dim) + ", ";
  }
  header += "), }";
  constexpr std::size_t kBeforeHeader = 10;
  constexpr std::size_t kAlignment = 64;  // where the elements begin
  const std::size_t whole = (kBeforeHeader + header.size() + kAlignment) / kAlignment * kAlignment;
  header.resize(whole - kBeforeHeader - 1, ' ');
  header += '\n';
  std::string start("\x93NUMPY\x01\x00", 8);
  append_element(start, static_cast<std::uint16_t>(header.size()), /*big_endian=*/false);
  file.append(start + header);
}

std::string_view npy_type(WrittenType type) {
  return type == WrittenType::u8 ? "|u1" : type == WrittenType::f32 ? "<f4" : "<f8";
}

/// The characters of a text in UTF-8, which is whole.
std::u32string characters_of(std::string_view text) {
  std::u32string characters;
  for (std::size_t at = 0; at < text.size();) {
    const auto first = static_cast<unsigned char>(text[at]);
    const std::size_t length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    char32_t character = length == 1 ? first : first & (0x7fU >> length);
    for (std::size_t i = 1; i < length && at + i < text.size(); ++i) {
      character = (character << 6) | (static_cast<unsigned char>(text[at + i]) & 0x3fU);
    }
    characters += character;
    at += length;
  }
  return characters;
}

void append_text_labels(AtomicFile& file, const WrittenSet& set) {
  std::vector<std::u32string> names;
  std::size_t longest = 1;
  for (const std::string& name : set.data->class_names()) {
    names.push_back(characters_of(name));
    longest = std::max(longest, names.back().size());
  }
  append_npy_header(file, "<U" + std::to_string(longest), {set.data->size()});
  std::string bytes;
  for_each_block(set, [&](const WrittenBlock& block) {
    bytes.clear();
    for (const std::int64_t each : block.classes) {
      std::u32string name = names[static_cast<std::size_t>(each)];
      name.resize(longest);
      bytes.append(reinterpret_cast<const char*>(name.data()), name.size() * sizeof(char32_t));
    }
    file.append(bytes);
  });
}

DType dtype_of_written(WrittenType type) {
  return type == WrittenType::u8 ? DType::u8 : type == WrittenType::f32 ? DType::f32 : DType::f64;
}

[[noreturn]] void refuse_text_labels(const StorePath& path, const WrittenSet& set,
                                     std::string_view format) {
  throw DataError(str("[data] ", printable(path.text(), 4096),
                      ": expected labels that are integers, which ", format, " needs, found ",
                      printable(set.data->class_names().front()), ". Use --to npy or --to csv."));
}

}  // namespace

void write_npy(const WrittenSet& set, const StorePath& folder, UnfinishedFiles& files) {
  AtomicFile& x = begin_file(folder / ("x_" + set_name(set) + ".npy"), files);
  append_npy_header(x, npy_type(set.type), shape_of_samples(set));
  append_features(x, set, /*big_endian=*/false);
  AtomicFile& y = begin_file(folder / ("y_" + set_name(set) + ".npy"), files);
  if (!has_integer_labels(set)) {
    append_text_labels(y, set);
    return;
  }
  append_npy_header(y, set.labels.empty() ? npy_type(set.target_type) : "<i8", {set.data->size()});
  append_labels<std::int64_t>(y, set, /*big_endian=*/false);
}

void write_idx(const WrittenSet& set, const StorePath& folder, UnfinishedFiles& files) {
  const auto fits = [](std::int64_t number) { return number >= INT32_MIN && number <= INT32_MAX; };
  if (!has_integer_labels(set)) {
    refuse_text_labels(folder, set, "IDX");
  }
  const std::vector<std::int64_t> shape = shape_of_samples(set);
  if (!std::all_of(shape.begin(), shape.end(), fits) || shape.size() > 255 ||
      !std::all_of(set.labels.begin(), set.labels.end(), fits)) {
    throw DataError(str("[data] ", printable(folder.text(), 4096),
                        ": expected sizes and labels of at most 2147483647, which IDX can hold, "
                        "found larger ones. Use --to npy."));
  }
  const auto type_of = [](WrittenType type) {
    return type == WrittenType::u8 ? '\x08' : type == WrittenType::f32 ? '\x0d' : '\x0e';
  };
  const auto append_header = [](AtomicFile& file, char type,
                                const std::vector<std::int64_t>& dims) {
    std::string header{'\0', '\0', type, static_cast<char>(dims.size())};
    for (const std::int64_t dim : dims) {
      append_element(header, static_cast<std::uint32_t>(dim), /*big_endian=*/true);
    }
    file.append(header);
  };
  AtomicFile& x = begin_file(folder / ("x_" + set_name(set) + ".idx"), files);
  append_header(x, type_of(set.type), shape);
  append_features(x, set, /*big_endian=*/true);
  AtomicFile& y = begin_file(folder / ("y_" + set_name(set) + ".idx"), files);
  append_header(y, set.labels.empty() ? type_of(set.target_type) : '\x0c', {set.data->size()});
  append_labels<std::int32_t>(y, set, /*big_endian=*/true);
}

void write_safetensors_sets(std::span<const WrittenSet> sets, const StorePath& path,
                            UnfinishedFiles& files) {
  std::vector<TensorView> tensors;
  for (const WrittenSet& set : sets) {
    if (!has_integer_labels(set)) {
      refuse_text_labels(path, set, "safetensors");
    }
    tensors.push_back({.name = "x_" + set_name(set),
                       .type = dtype_of_written(set.type),
                       .shape = shape_of_samples(set)});
    tensors.push_back({.name = "y_" + set_name(set),
                       .type = set.labels.empty() ? dtype_of_written(set.target_type) : DType::i64,
                       .shape = {set.data->size()}});
  }
  AtomicFile& file = begin_file(path, files);
  append_safetensors_header(file, tensors);
  for (const WrittenSet& set : sets) {
    append_features(file, set, /*big_endian=*/false);
    append_labels<std::int64_t>(file, set, /*big_endian=*/false);
  }
}

}  // namespace dga
