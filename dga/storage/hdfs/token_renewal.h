// SPDX-License-Identifier: Apache-2.0
//
// TokenRenewal: when a process asks the NameNode to renew the delegation token that it shows. The
// NameNode alone knows how long a token lasts, and says so when it renews it.

#pragma once

#include <cstdint>
#include <mutex>
#include <string>

namespace dga {

/// Seconds until a token is renewed again that lasts for another `left_s`: a quarter of the time is
/// left then. `left_s` is not positive where the clocks differ.
double renewal_pause_s(double left_s) noexcept;

/// Thread-safe.
class TokenRenewal {
 public:
  /// Whether the caller shall renew `token` now: the first caller with a token, and later one
  /// caller when most of its time is over. Call one of the functions below with what came of it.
  bool is_due(const std::string& token);

  /// It lasts until `expiry_ms`, in Unix time.
  void renewed(std::int64_t expiry_ms);
  /// Nobody could say. It is due again in a few seconds.
  void postponed();
  /// The NameNode does not renew the token, because of `reason`. `for_good` unless a ticket may be
  /// obtained meanwhile.
  void refused(std::string reason, bool for_good);

  /// Why the token was not renewed; empty if it was.
  std::string refusal() const;

 private:
  mutable std::mutex mutex_;  // guards the rest
  std::string token_;         // that the rest is about
  double due_s_ = 0;          // see now_seconds()
  std::int64_t expiry_ms_ = 0;
  std::string refusal_;
};

}  // namespace dga
