// SPDX-License-Identifier: Apache-2.0

#include "dga/base/content_hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace dga {

struct ContentHash::State {
  XXH3_state_t xxh3;  // aligned, so it is not kept in the object itself
};

ContentHash::ContentHash() : state_(std::make_unique<State>()) {
  XXH3_INITSTATE(&state_->xxh3);
  XXH3_128bits_reset(&state_->xxh3);
}

ContentHash::~ContentHash() = default;
ContentHash::ContentHash(ContentHash&&) noexcept = default;
ContentHash& ContentHash::operator=(ContentHash&&) noexcept = default;

void ContentHash::add(std::span<const std::byte> bytes) noexcept {
  XXH3_128bits_update(&state_->xxh3, bytes.data(), bytes.size());
  bytes_ += std::ssize(bytes);
}

ContentSum ContentHash::sum() const {
  XXH128_canonical_t digest;
  XXH128_canonicalFromHash(&digest, XXH3_128bits_digest(&state_->xxh3));
  constexpr char kDigits[] = "0123456789abcdef";
  ContentSum sum{.bytes = bytes_};
  for (const unsigned char byte : digest.digest) {
    sum.checksum += kDigits[byte >> 4];
    sum.checksum += kDigits[byte & 15];
  }
  return sum;
}

}  // namespace dga
