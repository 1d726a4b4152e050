// SPDX-License-Identifier: Apache-2.0

#include "dga/storage/hdfs/file_checksum.h"

#include <isa-l/crc.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <new>
#include <string_view>
#include <utility>

namespace dga {
namespace {

constexpr std::uint32_t kNoCrc = 0xffffffff;  // the start of each CRC, and the mask of its end

std::uint32_t more_crc32c(std::uint32_t crc, std::span<const std::byte> bytes) {
  constexpr std::size_t kMost = std::size_t{1} << 30;  // ISA-L counts in an int
  while (!bytes.empty()) {
    const auto part = bytes.first(std::min(bytes.size(), kMost));
    auto* data = const_cast<unsigned char*>(reinterpret_cast<const unsigned char*>(part.data()));
    crc = crc32_iscsi(data, static_cast<int>(part.size()), crc);
    bytes = bytes.subspan(part.size());
  }
  return crc;
}

void put_crc(std::vector<unsigned char>& out, std::uint32_t crc) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    out.push_back(static_cast<unsigned char>(crc >> shift));
  }
}

/// The bytes of hexadecimal digits; empty if they are none.
std::string from_hex(std::string_view digits) {
  std::string bytes;
  for (std::size_t at = 0; at + 1 < digits.size(); at += 2) {
    unsigned value = 0;
    const char* end = digits.data() + at + 2;
    if (std::from_chars(digits.data() + at, end, value, 16).ptr != end) {
      return "";
    }
    bytes += static_cast<char>(value);
  }
  return bytes;
}

std::uint32_t big_endian(std::string_view bytes) {
  std::uint32_t value = 0;
  for (const char byte : bytes.substr(0, 4)) {
    value = (value << 8) | static_cast<unsigned char>(byte);
  }
  return value;
}

/// The sizes of a file's blocks, which are not all equal in a file that CONCAT made. Empty if the
/// answer does not cover the file.
std::vector<std::int64_t> block_sizes(WebHdfs& hdfs, const std::string& path, std::int64_t size) {
  const WebHdfs::Json answer = hdfs.call("GET", path, "GETFILEBLOCKLOCATIONS",
                                         {{"offset", "0"}, {"length", std::to_string(size)}});
  std::vector<std::int64_t> sizes;
  std::int64_t covered = 0;
  for (const WebHdfs::Json& block : answer.at("BlockLocations").at("BlockLocation")) {
    const auto length = block.at("length").get<std::int64_t>();
    if (block.at("offset").get<std::int64_t>() != covered || length <= 0) {
      return {};
    }
    sizes.push_back(length);
    covered += length;
  }
  return covered == size ? sizes : std::vector<std::int64_t>{};
}

}  // namespace

/// MD5 by OpenSSL. HDFS uses it against accidents, not against attackers.
class FileChecksum::Md5 {
 public:
  static constexpr std::size_t kBytes = 16;

  Md5() : context_(EVP_MD_CTX_new(), &EVP_MD_CTX_free) { begin(); }
  void begin() {
    if (context_ == nullptr || EVP_DigestInit_ex(context_.get(), EVP_md5(), nullptr) != 1) {
      throw std::bad_alloc();
    }
  }
  void add(const void* data, std::size_t size) { EVP_DigestUpdate(context_.get(), data, size); }
  /// Returns the sum, and begins another one.
  std::string end() {
    std::array<unsigned char, kBytes> sum{};
    EVP_DigestFinal_ex(context_.get(), sum.data(), nullptr);
    begin();
    return {reinterpret_cast<const char*>(sum.data()), sum.size()};
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

std::optional<FileChecksum> FileChecksum::of(WebHdfs& hdfs, const std::string& path,
                                             std::int64_t size) {
  try {
    const WebHdfs::Json answer = hdfs.call_data_node(path, "GETFILECHECKSUM").at("FileChecksum");
    const std::string algorithm = answer.at("algorithm").get<std::string>();
    const std::string bytes = from_hex(answer.at("bytes").get<std::string>());
    if (algorithm == "COMPOSITE-CRC32C" && bytes.size() >= 4) {
      return FileChecksum(big_endian(bytes));
    }
    constexpr std::size_t kNumbers = 4 + 8;  // bytes per CRC, CRCs per block; the MD5 follows
    constexpr std::uint32_t kMostPerCrc = 1 << 20;
    const std::uint32_t per_crc = big_endian(bytes);
    if (!algorithm.starts_with("MD5-of-") || !algorithm.ends_with("CRC32C") ||
        bytes.size() < kNumbers + Md5::kBytes || per_crc == 0 || per_crc > kMostPerCrc) {
      return std::nullopt;
    }
    auto blocks = algorithm.starts_with("MD5-of-0MD5") ? std::vector<std::int64_t>{size}
                                                       : block_sizes(hdfs, path, size);
    if (blocks.empty()) {
      return std::nullopt;
    }
    return FileChecksum(per_crc, std::move(blocks), bytes.substr(kNumbers, Md5::kBytes));
  } catch (const HdfsRefusal&) {
    return std::nullopt;  // an older Hadoop, or a file that is being written
  }
}

FileChecksum::FileChecksum(std::size_t bytes_per_crc, std::vector<std::int64_t> blocks,
                           std::string expected)
    : bytes_per_crc_(bytes_per_crc),
      blocks_(std::move(blocks)),
      expected_(std::move(expected)),
      crc_(kNoCrc),
      md5_(std::make_shared<Md5>()) {}

FileChecksum::FileChecksum(std::uint32_t expected) : crc_(kNoCrc) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    expected_ += static_cast<char>(expected >> shift);
  }
}

void FileChecksum::add(std::span<const std::byte> bytes) {
  if (bytes_per_crc_ == 0) {
    crc_ = more_crc32c(crc_, bytes);
    return;
  }
  while (!bytes.empty() && block_ < blocks_.size()) {
    const auto left_in_block = static_cast<std::size_t>(blocks_[block_] - in_block_);
    const auto part =
        bytes.first(std::min({bytes.size(), bytes_per_crc_ - in_crc_, left_in_block}));
    crc_ = more_crc32c(crc_, part);
    in_crc_ += part.size();
    in_block_ += std::ssize(part);
    if (in_crc_ == bytes_per_crc_) {
      end_crc();
    }
    if (in_block_ == blocks_[block_]) {
      end_block();
    }
    bytes = bytes.subspan(part.size());
  }
}

void FileChecksum::end_crc() {
  constexpr std::size_t kEnough = 4096;
  put_crc(crcs_, crc_ ^ kNoCrc);
  crc_ = kNoCrc;
  in_crc_ = 0;
  if (crcs_.size() >= kEnough) {
    md5_->add(crcs_.data(), crcs_.size());
    crcs_.clear();
  }
}

void FileChecksum::end_block() {
  if (in_crc_ > 0) {
    end_crc();
  }
  md5_->add(crcs_.data(), crcs_.size());
  crcs_.clear();
  md5s_ += md5_->end();
  in_block_ = 0;
  ++block_;
}

bool FileChecksum::matches() {
  if (bytes_per_crc_ == 0) {
    std::vector<unsigned char> sum;
    put_crc(sum, crc_ ^ kNoCrc);
    return std::equal(sum.begin(), sum.end(), expected_.begin(), expected_.end(),
                      [](unsigned char a, char b) { return a == static_cast<unsigned char>(b); });
  }
  if (block_ != blocks_.size()) {
    return false;
  }
  // HDFS sums up the whole buffer in which it collects the MD5s, with the zeros behind them. It
  // begins with 32 bytes and doubles.
  std::size_t buffer = 32;
  while (buffer < md5s_.size()) {
    buffer *= 2;
  }
  md5s_.resize(buffer, '\0');
  md5_->add(md5s_.data(), md5s_.size());
  return md5_->end() == expected_;
}

}  // namespace dga
