// SPDX-License-Identifier: Apache-2.0
//
// HttpClient: requests over HTTP and HTTPS, by libcurl. Connections are kept and used again.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace dga {

struct HttpRequest {
  std::string method = "GET";
  std::string url = {};
  std::span<const std::byte> body = {};
  /// Receives the body of a response with status 200, at most `most` bytes. Unset: the body goes to
  /// the response.
  std::function<void(std::span<const char> bytes)> receive = {};
  std::size_t most = 0;
  bool negotiate = false;  // shows a Kerberos ticket (SPNEGO)
};

struct HttpResponse {
  int status = 0;
  std::string location = {};  // of a redirect, which is not followed
  std::string body = {};      // at most 64 MiB
  std::size_t received = 0;   // bytes passed to `receive`
};

/// The request did not get a whole answer: nobody listens, or the connection broke or stalled. The
/// text has no URL, which may contain a token.
class HttpFailure : public std::runtime_error {
 public:
  HttpFailure(const std::string& text, std::size_t received_bytes)
      : std::runtime_error(text), received(received_bytes) {}
  std::size_t received;  // bytes that were passed to `receive`
};

/// The server does not prove who it is, or the file of certificates cannot be used. Asking again
/// does not help.
class UntrustedServer : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct HttpSettings {
  double connect_s = 5;
  double stall_s = 20;       // without any byte
  std::string ca_file = {};  // certificates that are trusted; empty: those of the system
};

/// Thread-safe. A forked child makes connections of its own.
class HttpClient {
 public:
  explicit HttpClient(HttpSettings settings) : settings_(std::move(settings)) {}
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// Blocks until the response has come, whatever its status. Throws HttpFailure,
  /// UntrustedServer, and what `receive` throws.
  HttpResponse send(const HttpRequest& request);

 private:
  class Lease;

  void* take();
  void give_back(void* handle) noexcept;

  HttpSettings settings_;
  std::mutex mutex_;           // guards the rest
  std::vector<void*> unused_;  // curl handles, each with its open connections
  int owner_ = 0;              // the process that made them
};

}  // namespace dga
