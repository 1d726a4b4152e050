// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "dga/storage/hdfs/web_hdfs.h"

namespace dga {

/// The checksum that HDFS keeps of a whole file, beside that of the bytes that were read:
/// MD5-of-MD5-of-CRC32C (per block, of each 512 bytes; HDFS's default) or COMPOSITE-CRC32C.
class FileChecksum {
 public:
  /// What HDFS says for a file of `size` bytes; nothing if it has another checksum or none, as of a
  /// file that is being written. Throws as WebHdfs does.
  static std::optional<FileChecksum> of(WebHdfs& hdfs, const std::string& path, std::int64_t size);

  /// `blocks`: their sizes, of which the sum is that of the file. `expected` is the MD5.
  FileChecksum(std::size_t bytes_per_crc, std::vector<std::int64_t> blocks, std::string expected);
  /// `expected` is the CRC of the whole file.
  explicit FileChecksum(std::uint32_t expected);

  /// Adds bytes in order.
  void add(std::span<const std::byte> bytes);
  /// Whether the bytes that were added are the file's. Call it once, after all of them.
  bool matches();

 private:
  class Md5;

  void end_crc();
  void end_block();

  std::size_t bytes_per_crc_ = 0;  // 0: the CRC of the whole file
  std::vector<std::int64_t> blocks_;
  std::string expected_;
  std::size_t block_ = 0;            // that is being added
  std::int64_t in_block_ = 0;        // bytes of it
  std::size_t in_crc_ = 0;           // bytes of the present CRC
  std::uint32_t crc_;                // of these
  std::vector<unsigned char> crcs_;  // that the MD5 of the block does not have yet
  std::shared_ptr<Md5> md5_;         // of the block
  std::string md5s_;                 // of the blocks before it
};

}  // namespace dga
