// SPDX-License-Identifier: Apache-2.0
//
// WebHdfs: the operations of HDFS's REST interface
// (https://hadoop.apache.org/docs/stable/hadoop-project-dist/hadoop-hdfs/WebHDFS.html).

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "dga/storage/byte_source.h"
#include "dga/storage/hdfs/http_client.h"
#include "dga/storage/hdfs/retry.h"

namespace dga {

struct HdfsAddress {
  std::string shown;               // "hdfs://host:port", for errors
  std::string scheme = "http";     // or "https"
  std::vector<std::string> nodes;  // "host:port" of each NameNode's HTTP server
  std::string user;                // who asks
};

/// An answer of the NameNode or a DataNode that says no.
class HdfsRefusal : public std::runtime_error {
 public:
  HdfsRefusal(std::string kind, const std::string& text)
      : std::runtime_error(text), exception(std::move(kind)) {}
  std::string exception;  // the Java class without its package: "FileNotFoundException"
};

/// Each operation is repeated, at most for a minute, while nobody answers, or the answer is that of
/// a standby or of a NameNode that is starting. Throws HdfsRefusal, and StorageError when the
/// minute is over. Thread-safe.
class WebHdfs {
 public:
  using Parameters = std::vector<std::pair<std::string, std::string>>;
  using Json = nlohmann::ordered_json;

  explicit WebHdfs(HdfsAddress address) : address_(std::move(address)) {}

  const HdfsAddress& address() const noexcept { return address_; }

  /// An operation of the NameNode that may be repeated. Returns its answer; null if that is empty.
  Json call(const std::string& method, const std::string& path, const std::string& operation,
            const Parameters& parameters = {});
  /// Calls `use` with `count` bytes of a file, which must have them, in order. Goes on where a
  /// connection broke.
  void read(const std::string& path, std::int64_t offset, std::int64_t count, const UseBytes& use);
  /// Writes a file of these bytes, which replaces what is at `path`.
  void write(const std::string& path, std::span<const std::byte> bytes);
  /// Appends to a file that has `before` bytes, exactly once.
  void append(const std::string& path, std::int64_t before, std::span<const std::byte> bytes);
  /// Cuts a file to `size` bytes. Returns when the file may be appended to again.
  void truncate(const std::string& path, std::int64_t size);
  /// The status of `path`, as the NameNode gives it; nothing if nothing is there.
  std::optional<Json> status(const std::string& path);

 private:
  std::string url(const std::string& node, const std::string& path, const std::string& operation,
                  const Parameters& parameters) const;
  /// Calls `attempt` with the NameNode to ask until it returns.
  void repeat(const std::string& path, const std::function<void(const std::string& node)>& attempt);
  /// Asks the NameNode where the data of an operation go.
  std::string redirect(const std::string& node, const std::string& method, const std::string& path,
                       const std::string& operation, const Parameters& parameters);
  HttpResponse checked(HttpResponse response) const;

  HdfsAddress address_;
  HttpClient http_;
  std::mutex mutex_;        // guards active_
  std::size_t active_ = 0;  // the NameNode that answered last
};

}  // namespace dga
