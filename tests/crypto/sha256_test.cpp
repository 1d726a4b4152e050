// SPDX-License-Identifier: Apache-2.0
//
// Expected digests: printf '%s' TEXT | sha256sum

#include "dga/crypto/sha256.h"

#include <gtest/gtest.h>

#include <string>

namespace dga {
namespace {

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

TEST(Sha256, OfNothing) {
  EXPECT_EQ(sha256_hex({}), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Sha256, OfAShortText) {
  EXPECT_EQ(sha256_hex(bytes_of("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256, OfAMillionBytes) {
  // head -c 1000000 /dev/zero | tr '\0' a | sha256sum
  EXPECT_EQ(sha256_hex(bytes_of(std::string(1000000, 'a'))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, DoesNotDependOnThePieces) {
  const std::string text = "weights, a tensor at a time";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    Sha256 hash;
    hash.update(bytes_of(text.substr(0, cut)));
    hash.update(bytes_of(text.substr(cut)));
    EXPECT_EQ(hash.hex(), sha256_hex(bytes_of(text))) << "cut at " << cut;
  }
}

}  // namespace
}  // namespace dga
