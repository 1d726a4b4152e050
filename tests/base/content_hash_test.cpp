// SPDX-License-Identifier: Apache-2.0
//
// Expected checksums: python3 -c 'import xxhash; print(xxhash.xxh3_128_hexdigest(bytes(i % 251 for
// i in range(N))))'

#include "dga/base/content_hash.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace dga {
namespace {

std::vector<std::byte> made_up(std::size_t count) {
  std::vector<std::byte> bytes(count);
  for (std::size_t i = 0; i < count; ++i) {
    bytes[i] = static_cast<std::byte>(i % 251);
  }
  return bytes;
}

TEST(ContentHash, HasTheValuesOfTheReferenceImplementation) {
  const std::vector<std::pair<std::size_t, std::string>> expected{
      {0, "99aa06d3014798d86001c324468d497f"},
      {300, "948c8677fbb606fcfdda6967cf021dbc"},
      {1 << 20, "53738d98098cabba6e0d7ac36b8c10ff"}};
  for (const auto& [count, checksum] : expected) {
    ContentHash hash;
    hash.add(made_up(count));
    EXPECT_EQ(hash.sum(), (ContentSum{static_cast<std::int64_t>(count), checksum}));
  }
}

TEST(ContentHash, DoesNotDependOnThePieces) {
  const std::vector<std::byte> bytes = made_up(300);
  for (const std::size_t piece : {1U, 7U, 64U, 299U, 300U}) {
    ContentHash hash;
    for (std::size_t done = 0; done < bytes.size(); done += piece) {
      static_cast<void>(hash.sum());  // looking changes nothing
      hash.add(std::span(bytes).subspan(done, std::min(piece, bytes.size() - done)));
    }
    EXPECT_EQ(hash.sum().checksum, "948c8677fbb606fcfdda6967cf021dbc") << piece;
    EXPECT_EQ(hash.bytes(), 300);
  }
}

}  // namespace
}  // namespace dga
