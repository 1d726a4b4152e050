// SPDX-License-Identifier: Apache-2.0
//
// Sha256: the hash that names weights and files.

#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace dga {

/// SHA-256 (FIPS 180-4) of bytes that come in pieces. One thread at a time.
class Sha256 {
 public:
  /// Throws Error when OpenSSL has no SHA-256 to offer.
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void update(std::span<const std::byte> bytes);
  /// 64 lower-case hexadecimal digits; call it once, and nothing after it.
  std::string hex();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

/// Of all bytes at once.
std::string sha256_hex(std::span<const std::byte> bytes);

}  // namespace dga
