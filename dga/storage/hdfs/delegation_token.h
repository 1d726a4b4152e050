// SPDX-License-Identifier: Apache-2.0
//
// DelegationToken: the right to ask an HDFS as some user, which Kerberos users obtain and hand on.
// It is a secret: it stands in URLs, and never in errors or logs.

#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace dga {

/// The token for one of `services` in the contents of a token file of Hadoop (as YARN writes), as
/// WebHDFS takes it; empty if there is none. A service is "ha-hdfs:mycluster" or a host, whose
/// numeric addresses count too. `name` is for errors. Throws StorageError if the file is damaged.
std::string token_in(std::string_view contents, const std::vector<std::string>& services,
                     const std::string& name);

/// Thread-safe.
class DelegationToken {
 public:
  /// The token in the file that DGA_HDFS_TOKEN_FILE names, or else the one for one of `services` in
  /// HADOOP_TOKEN_FILE_LOCATION; null if there is none. Throws StorageError for a file that cannot
  /// be read or is damaged.
  static std::shared_ptr<DelegationToken> find(const std::vector<std::string>& services);

  /// As it stands in URLs.
  std::string text() const;
  /// Reads the file again. Returns whether it has another token than `old` now.
  bool reread(const std::string& old);
  const std::string& file() const noexcept { return file_; }

 private:
  DelegationToken(std::string file, bool plain, std::vector<std::string> services)
      : file_(std::move(file)), plain_(plain), services_(std::move(services)) {}
  std::string read() const;

  std::string file_;
  bool plain_;  // the file is the text
  std::vector<std::string> services_;
  mutable std::mutex mutex_;  // guards text_
  std::string text_;
};

}  // namespace dga
