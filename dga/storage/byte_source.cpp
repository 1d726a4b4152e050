// SPDX-License-Identifier: Apache-2.0

#include "dga/storage/byte_source.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

namespace dga {
namespace {

class MemorySource final : public ByteSource {
 public:
  MemorySource(std::string name, std::string bytes)
      : name_(std::move(name)), bytes_(std::move(bytes)) {}

  const std::string& name() const override { return name_; }
  std::int64_t size() const override { return static_cast<std::int64_t>(bytes_.size()); }
  void read(std::int64_t offset, std::span<char> into) const override {
    if (!into.empty()) {
      std::memcpy(into.data(), bytes_.data() + offset, into.size());
    }
  }

 private:
  std::string name_;
  std::string bytes_;
};

}  // namespace

void ByteSource::stream(std::int64_t offset, std::int64_t count, const UseBytes& use) const {
  constexpr std::int64_t kPiece = std::int64_t{1} << 20;
  std::vector<char> piece(static_cast<std::size_t>(std::min(count, kPiece)));
  for (std::int64_t done = 0; done < count;) {
    const auto next =
        std::span(piece).first(static_cast<std::size_t>(std::min(count - done, kPiece)));
    read(offset + done, next);
    done += std::ssize(next);
    use(next);
  }
}

SourcePtr source_of(std::string name, std::string bytes) {
  return std::make_shared<MemorySource>(std::move(name), std::move(bytes));
}

std::string read_all(const ByteSource& source) {
  std::string bytes(static_cast<std::size_t>(source.size()), '\0');
  source.read(0, bytes);
  return bytes;
}

std::string printable(std::string_view text, std::size_t most) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  for (const char c : text.substr(0, most)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7f) {
      out += c;
    } else {
      out += "\\x";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  return text.size() > most ? out + "..." : out;
}

}  // namespace dga
