// SPDX-License-Identifier: Apache-2.0
//
// WebHdfs: the operations of HDFS's REST interface
// (https://hadoop.apache.org/docs/stable/hadoop-project-dist/hadoop-hdfs/WebHDFS.html).

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "dga/base/error.h"
#include "dga/storage/byte_source.h"
#include "dga/storage/hdfs/hdfs_address.h"
#include "dga/storage/hdfs/hdfs_identity.h"
#include "dga/storage/hdfs/http_client.h"
#include "dga/storage/hdfs/retry.h"
#include "dga/storage/hdfs/token_renewal.h"

namespace dga {

/// An answer of the NameNode or a DataNode that says no.
class HdfsRefusal : public std::runtime_error {
 public:
  HdfsRefusal(int code, std::string kind, const std::string& text, bool may_pass = false)
      : std::runtime_error(text),
        http_status(code),
        exception(std::move(kind)),
        passing(may_pass) {}
  int http_status;
  std::string exception;  // the Java class without its package: "FileNotFoundException"
  bool passing;           // another attempt may succeed
};

/// Each operation is repeated, at most for a minute, while nobody answers, or the answer is that of
/// a standby, of a NameNode that is starting, or of a server that lost another one. Of several
/// NameNodes, the next one is asked at once. A delegation token is renewed with the first operation
/// after most of its time, if there is a Kerberos ticket of its renewer. Throws HdfsRefusal, and
/// StorageError when the minute is over or a server is not trusted. Thread-safe.
class WebHdfs {
 public:
  using Parameters = std::vector<std::pair<std::string, std::string>>;
  using Json = nlohmann::ordered_json;

  WebHdfs(HdfsAddress address, HdfsIdentity identity, HttpSettings settings)
      : address_(std::move(address)), identity_(std::move(identity)), http_(std::move(settings)) {}

  const HdfsAddress& address() const noexcept { return address_; }
  const HdfsIdentity& identity() const noexcept { return identity_; }
  /// Why the token could not be renewed; empty if it could, or if nobody tried.
  std::string not_renewed() const { return renewal_.refusal(); }

  /// An operation of the NameNode that may be repeated. Returns its answer; null if that is empty.
  Json call(const std::string& method, const std::string& path, const std::string& operation,
            const Parameters& parameters = {});
  /// The same for an operation that a DataNode answers.
  Json call_data_node(const std::string& path, const std::string& operation);
  /// Calls `use` with `count` bytes of a file, which must have them, in order. Goes on where a
  /// connection broke.
  void read(const std::string& path, std::int64_t offset, std::int64_t count, const UseBytes& use);
  /// Writes these bytes to the file `path`, and replaces what is there.
  void write(const std::string& path, std::span<const std::byte> bytes);
  /// Appends to a file that has `before` bytes, exactly once.
  void append(const std::string& path, std::int64_t before, std::span<const std::byte> bytes);
  /// Cuts a file to `size` bytes. Returns when the file may be appended to again.
  void truncate(const std::string& path, std::int64_t size);
  /// The status of `path`, as the NameNode gives it; nothing if nothing is there.
  std::optional<Json> status(const std::string& path);

 private:
  /// One operation's attempts.
  struct Turn {
    std::string node = {};      // the NameNode to ask
    std::string token = {};     // empty if there is none
    std::string excluded = {};  // DataNodes that failed: "host,host"
  };
  class DataNodeFailure;

  std::string url(const Turn& turn, const std::string& path, const std::string& operation,
                  const Parameters& parameters) const;
  /// Asks the NameNode, as the owner of a Kerberos ticket, to let the token last longer. Returns
  /// whether it does. Throws nothing: the operation that shows the token says what is wrong.
  bool renew(const Turn& turn);
  /// Calls `attempt` until it returns.
  void repeat(const std::string& path, const std::function<void(const Turn&)>& attempt);
  /// Asks a NameNode.
  HttpResponse ask(const Turn& turn, const std::string& method, const std::string& path,
                   const std::string& operation, const Parameters& parameters);
  /// Asks the NameNode for a DataNode, and that one for the data of an operation.
  HttpResponse transfer(const Turn& turn, const std::string& path, const std::string& operation,
                        Parameters parameters, HttpRequest request);
  HttpResponse checked(HttpResponse response, const Turn& turn) const;
  /// The NameNode to ask next, after `failed` has not answered.
  void turn_from(std::size_t failed);
  StorageError unanswered(const std::string& path, const std::string& last,
                          const Retry& retry) const;

  HdfsAddress address_;
  HdfsIdentity identity_;
  TokenRenewal renewal_;
  HttpClient http_;
  std::mutex mutex_;        // guards active_
  std::size_t active_ = 0;  // the NameNode that answered last
};

}  // namespace dga
