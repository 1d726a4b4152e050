// SPDX-License-Identifier: Apache-2.0
//
// Sha256: the hash that identifies weights and files.

#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace dga {

/// SHA-256 (FIPS 180-4) of bytes that arrive in pieces. Not thread-safe. The constructor, update
/// and hex throw Error if OpenSSL reports a failure.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void update(std::span<const std::byte> bytes);
  /// The hash of all bytes so far as 64 lower-case hexadecimal digits. It must be the last call.
  std::string hex();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

/// The SHA-256 of `bytes`.
std::string sha256_hex(std::span<const std::byte> bytes);

}  // namespace dga
