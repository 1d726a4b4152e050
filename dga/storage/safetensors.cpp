// SPDX-License-Identifier: Apache-2.0

#include "dga/storage/safetensors.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "dga/base/error.h"
#include "dga/storage/atomic_file.h"
#include "dga/storage/store_path.h"

namespace dga {

static_assert(std::endian::native == std::endian::little,
              "tensors are written in the machine's byte order");

namespace {

using Json = nlohmann::ordered_json;

constexpr std::int64_t kLengthBytes = 8;
constexpr std::uint64_t kMaxHeaderBytes = 100'000'000;  // the limit of the Python package
constexpr std::int64_t kMaxBytes = std::numeric_limits<std::int64_t>::max();

constexpr std::array<std::pair<DType, std::string_view>, 9> kTypeNames{{
    {DType::f32, "F32"},
    {DType::f64, "F64"},
    {DType::f16, "F16"},
    {DType::bf16, "BF16"},
    {DType::i32, "I32"},
    {DType::i64, "I64"},
    {DType::u8, "U8"},
    {DType::i8, "I8"},
    {DType::boolean, "BOOL"},
}};

std::string_view safetensors_name(DType type) {
  return std::find_if(kTypeNames.begin(), kTypeNames.end(),
                      [&](const auto& entry) { return entry.first == type; })
      ->second;
}

/// Bytes of a tensor, or -1 if a size is negative or the product overflows.
std::int64_t checked_bytes(const std::vector<std::int64_t>& shape, DType type) noexcept {
  std::int64_t bytes = size_of(type);
  for (const std::int64_t size : shape) {
    if (size < 0 || (size > 0 && bytes > kMaxBytes / size)) {
      return -1;
    }
    bytes *= size;
  }
  return bytes;
}

std::string header_of(const std::string& path, std::span<const TensorView> tensors,
                      const Metadata& metadata) {
  Json header = Json::object();
  if (!metadata.empty()) {
    header["__metadata__"] = metadata;
  }
  std::set<std::string> names;
  std::int64_t offset = 0;
  for (const TensorView& tensor : tensors) {
    DGA_CHECK(tensor.name != "__metadata__" && names.insert(tensor.name).second, "[storage] ", path,
              ": expected unique tensor names, found another '", tensor.name,
              "'. Rename the tensor (__metadata__ is reserved).");
    const std::int64_t bytes = checked_bytes(tensor.shape, tensor.type);
    DGA_CHECK(bytes >= 0, "[storage] ", path,
              ": expected sizes of 0 or more, found others in tensor '", tensor.name,
              "'. Pass a dense tensor.");
    header[tensor.name] = {{"dtype", safetensors_name(tensor.type)},
                           {"shape", tensor.shape},
                           {"data_offsets", {offset, offset + bytes}}};
    offset += bytes;
  }
  std::string text = header.dump(-1, ' ', false, Json::error_handler_t::replace);
  // The format allows spaces at the end of the header. They let the tensors start at a multiple
  // of 8.
  text.resize((text.size() + 7) / 8 * 8, ' ');
  return text;
}

}  // namespace

std::int64_t TensorView::elements() const noexcept {
  std::int64_t count = 1;
  for (const std::int64_t size : shape) {
    count *= size;
  }
  return count;
}

void append_safetensors_header(AtomicFile& file, std::span<const TensorView> tensors,
                               const Metadata& metadata) {
  const std::string header = header_of(file.path(), tensors, metadata);
  const std::uint64_t length = header.size();
  std::int64_t bytes = kLengthBytes + static_cast<std::int64_t>(length);
  for (const TensorView& tensor : tensors) {
    bytes += tensor.bytes();
  }
  file.reserve(bytes);
  file.append(std::as_bytes(std::span(&length, 1)));
  file.append(header);
}

void write_safetensors(AtomicFile& file, std::span<const TensorView> tensors,
                       const Metadata& metadata) {
  for (const TensorView& tensor : tensors) {
    DGA_CHECK(checked_bytes(tensor.shape, tensor.type) <= 0 || tensor.data != nullptr, "[storage] ",
              file.path(), ": expected a pointer to data, found none in tensor '", tensor.name,
              "'. Pass a dense tensor.");
  }
  append_safetensors_header(file, tensors, metadata);
  for (const TensorView& tensor : tensors) {
    file.append(
        {static_cast<const std::byte*>(tensor.data), static_cast<std::size_t>(tensor.bytes())});
  }
  file.commit();
}

void write_safetensors(const std::string& path, std::span<const TensorView> tensors,
                       const Metadata& metadata) {
  AtomicFile file(path);
  write_safetensors(file, tensors, metadata);
}

namespace {

[[noreturn]] void fail(const std::string& path, const std::string& expected,
                       const std::string& found) {
  throw StorageError(str("[storage] ", path, ": expected ", expected, ", found ", found,
                         ". Copy the file again, or save the model again."));
}

}  // namespace

Safetensors::Safetensors(const std::string& path) : Safetensors(StorePath(path).open()) {}

Safetensors::Safetensors(SourcePtr file) : path_(file->name()), file_(std::move(file)) {
  const std::int64_t size = file_->size();
  if (size < kLengthBytes) {
    fail(path_, "a safetensors file", str("only ", size, " bytes"));
  }
  std::uint64_t header_bytes = 0;
  std::array<char, kLengthBytes> length{};
  file_->read(0, length);
  std::memcpy(&header_bytes, length.data(), kLengthBytes);
  if (header_bytes > std::min(kMaxHeaderBytes, static_cast<std::uint64_t>(size - kLengthBytes))) {
    fail(path_, str("a safetensors header within the file's ", size, " bytes"),
         str("a header of ", header_bytes, " bytes"));
  }
  std::string header(static_cast<std::size_t>(header_bytes), '\0');
  file_->read(kLengthBytes, header);
  try {
    read_header(header, kLengthBytes + static_cast<std::int64_t>(header_bytes));
  } catch (const Json::exception&) {
    fail(path_, "a safetensors header", "JSON that is damaged or has other contents");
  }
}

void Safetensors::read_header(const std::string& text, std::int64_t first_data) {
  const auto header = Json::parse(text);
  const std::int64_t data_bytes = file_->size() - first_data;
  // Throws if the header is not an object; items() would accept other types.
  for (const auto& [name, entry] : header.get_ref<const Json::object_t&>()) {
    if (name == "__metadata__") {
      metadata_ = entry.get<Metadata>();
      continue;
    }
    const auto type_name = entry.at("dtype").get<std::string>();
    const auto* type = std::find_if(kTypeNames.begin(), kTypeNames.end(),
                                    [&](const auto& known) { return known.second == type_name; });
    if (type == kTypeNames.end()) {
      fail(path_, str("tensor '", name, "' of type F32, F64, F16, BF16, I32, I64, U8, I8 or BOOL"),
           type_name);
    }
    StoredTensor tensor{.name = name,
                        .type = type->first,
                        .shape = entry.at("shape").get<std::vector<std::int64_t>>()};
    const auto offsets = entry.at("data_offsets").get<std::array<std::int64_t, 2>>();
    if (offsets[0] < 0 || offsets[1] > data_bytes || offsets[1] < offsets[0]) {
      fail(path_, str("tensor '", name, "' within ", data_bytes, " bytes of data"),
           str("bytes ", offsets[0], " to ", offsets[1]));
    }
    tensor.first = first_data + offsets[0];
    tensor.bytes = offsets[1] - offsets[0];
    if (checked_bytes(tensor.shape, tensor.type) != tensor.bytes) {
      fail(path_, str("the number of bytes that the shape of tensor '", name, "' needs"),
           str(tensor.bytes));
    }
    tensors_.push_back(std::move(tensor));
  }
  // An empty tensor has the offset of the next one. Sorting by size as well puts it first.
  std::stable_sort(tensors_.begin(), tensors_.end(),
                   [](const StoredTensor& a, const StoredTensor& b) {
                     return std::pair(a.first, a.bytes) < std::pair(b.first, b.bytes);
                   });
  std::int64_t next = first_data;
  for (const StoredTensor& tensor : tensors_) {
    if (tensor.first != next) {
      fail(path_, "tensors that follow each other",
           str("a gap or overlap before '", tensor.name, "'"));
    }
    next += tensor.bytes;
  }
  if (next != file_->size()) {
    fail(path_, str(next - first_data, " bytes of tensors"), str(data_bytes));
  }
}

void Safetensors::read(const StoredTensor& tensor, std::span<std::byte> into) const {
  DGA_CHECK(std::ssize(into) == tensor.bytes, "[storage] ", path_, ": expected memory of ",
            tensor.bytes, " bytes for tensor '", tensor.name, "', found ", into.size(), ".");
  read(tensor, 0, into);
}

void Safetensors::read(const StoredTensor& tensor, std::int64_t first,
                       std::span<std::byte> into) const {
  DGA_CHECK(first >= 0 && std::ssize(into) <= tensor.bytes - first, "[storage] ", path_,
            ": expected a range within the ", tensor.bytes, " bytes of tensor '", tensor.name,
            "', found ", into.size(), " from ", first, " on.");
  file_->read(tensor.first + first, {reinterpret_cast<char*>(into.data()), into.size()});
}

const StoredTensor& Safetensors::at(const std::string& name) const {
  const auto found = std::find_if(tensors_.begin(), tensors_.end(),
                                  [&](const StoredTensor& tensor) { return tensor.name == name; });
  if (found == tensors_.end()) {
    fail(path_, str("tensor '", name, "'"), str("none of that name among ", tensors_.size()));
  }
  return *found;
}

}  // namespace dga
