// SPDX-License-Identifier: Apache-2.0
//
// The sums are those that Hadoop 3.4.1 gives for this file in one block, and in blocks of 1 MiB:
// op=GETFILECHECKSUM, and FileSystem.getFileChecksum with dfs.checksum.combine.mode=COMPOSITE_CRC.

#include "dga/storage/hdfs/file_checksum.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "dga/base/random.h"

namespace dga::test {
namespace {

constexpr std::int64_t kSize = 2'500'001;
constexpr std::int64_t kMiB = std::int64_t{1} << 20;
const std::vector<std::int64_t> kBlocks{kMiB, kMiB, kSize - 2 * kMiB};
const std::string kMd5OfOne("\x60\xbc\xa8\x76\xb0\xf1\x4e\xf0\xad\x32\x9c\xd3\x0f\xed\x54\x8a", 16);
const std::string kMd5OfThree("\xae\xfd\xb0\xf9\x03\x97\x3b\x2e\x2a\x95\xa0\x2d\x11\x7a\xaa\xc9",
                              16);
constexpr std::uint32_t kCrc = 0xe2fecca5;

std::vector<std::byte> file_bytes() {
  std::vector<std::byte> bytes;
  for (std::int64_t i = 0; i < kSize; ++i) {
    bytes.push_back(static_cast<std::byte>((i * 7 + i / 1000) % 251));
  }
  return bytes;
}

/// Adds in pieces of random sizes.
bool matches(FileChecksum checksum, const std::vector<std::byte>& bytes) {
  RandomStream random(stream_key(9, "pieces"));
  std::span<const std::byte> rest(bytes);
  while (!rest.empty()) {
    const auto piece = rest.first(std::min<std::size_t>(rest.size(), 1 + random.below(100'000)));
    checksum.add(piece);
    rest = rest.subspan(piece.size());
  }
  return checksum.matches();
}

TEST(FileChecksum, AgreesWithHadoop) {
  EXPECT_TRUE(matches(FileChecksum(512, {kSize}, kMd5OfOne), file_bytes()));
  EXPECT_TRUE(matches(FileChecksum(512, kBlocks, kMd5OfThree), file_bytes()));
  EXPECT_TRUE(matches(FileChecksum(kCrc), file_bytes()));
}

TEST(FileChecksum, NoticesEveryChangedOrMissingByte) {
  const std::vector<std::byte> whole = file_bytes();
  RandomStream random(stream_key(10, "changed"));
  for (int round = 0; round < 20; ++round) {
    std::vector<std::byte> bytes = whole;
    bytes[random.below(bytes.size())] ^= std::byte{1};
    EXPECT_FALSE(matches(FileChecksum(512, {kSize}, kMd5OfOne), bytes));
    EXPECT_FALSE(matches(FileChecksum(512, kBlocks, kMd5OfThree), bytes));
    EXPECT_FALSE(matches(FileChecksum(kCrc), bytes));
  }
  std::vector<std::byte> shorter = whole;
  shorter.pop_back();
  EXPECT_FALSE(matches(FileChecksum(512, kBlocks, kMd5OfThree), shorter));
  EXPECT_FALSE(matches(FileChecksum(kCrc), shorter));
}

}  // namespace
}  // namespace dga::test
