// SPDX-License-Identifier: Apache-2.0

#include "dga/storage/hdfs/http_client.h"

#include <curl/curl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <exception>
#include <new>
#include <string_view>
#include <utility>

#include "dga/base/descriptor.h"
#include "dga/base/error.h"
#include "dga/base/lower_case.h"

namespace dga {
namespace {

constexpr std::size_t kMostBody = std::size_t{64} << 20;

/// curl wants this once, before threads use it.
void start_curl() {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (started != CURLE_OK) {
    throw std::bad_alloc();
  }
}

/// What the callbacks of one request see.
struct Exchange {
  const HttpRequest& request;
  CURL* handle;
  HttpResponse response{};
  std::size_t sent = 0;
  std::exception_ptr thrown{};  // by `receive`
  bool too_long = false;
};

std::size_t on_header(char* data, std::size_t size, std::size_t count, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  const std::string_view line(data, size * count);
  constexpr std::string_view kLocation = "location:";
  if (line.starts_with("HTTP/")) {  // also of a 100 Continue that came before
    exchange.response.location.clear();
  } else if (line.size() > kLocation.size() &&
             lower_case(std::string(line.substr(0, kLocation.size()))) == kLocation) {
    std::string_view value = line.substr(kLocation.size());
    value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
    exchange.response.location = value.substr(0, value.find_last_not_of(" \r\n") + 1);
  }
  return line.size();
}

std::size_t on_body(char* data, std::size_t size, std::size_t count, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  const std::size_t bytes = size * count;
  long status = 0;
  curl_easy_getinfo(exchange.handle, CURLINFO_RESPONSE_CODE, &status);
  HttpResponse& response = exchange.response;
  if (exchange.request.receive && status == 200) {
    curl_off_t announced = -1;
    curl_easy_getinfo(exchange.handle, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
    // An answer that announces too much is not what was asked for, so none of it is used.
    exchange.too_long = bytes > exchange.request.most - response.received ||
                        announced > static_cast<curl_off_t>(exchange.request.most);
    if (exchange.too_long) {
      return 0;
    }
    try {
      exchange.request.receive({data, bytes});
    } catch (...) {  // must not pass through curl
      exchange.thrown = std::current_exception();
      return 0;
    }
    response.received += bytes;
    return bytes;
  }
  exchange.too_long = response.body.size() + bytes > kMostBody;
  if (exchange.too_long) {
    return 0;
  }
  response.body.append(data, bytes);
  return bytes;
}

std::size_t on_send(char* data, std::size_t size, std::size_t count, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  const auto rest = exchange.request.body.subspan(exchange.sent);
  const std::size_t bytes = std::min(size * count, rest.size());
  std::memcpy(data, rest.data(), bytes);
  exchange.sent += bytes;
  return bytes;
}

int on_seek(void* user, curl_off_t offset, int origin) {
  auto& exchange = *static_cast<Exchange*>(user);
  if (origin != SEEK_SET || offset < 0 ||
      static_cast<std::size_t>(offset) > exchange.request.body.size()) {
    return CURL_SEEKFUNC_CANTSEEK;
  }
  exchange.sent = static_cast<std::size_t>(offset);
  return CURL_SEEKFUNC_OK;
}

curl_socket_t on_socket(void*, curlsocktype, curl_sockaddr* address) {
  return above_standard(
      ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol));
}

template <typename Value>
void set(CURL* handle, CURLoption option, Value value) {
  const CURLcode code = curl_easy_setopt(handle, option, value);
  if (code == CURLE_OUT_OF_MEMORY) {
    throw std::bad_alloc();
  }
  if (code != CURLE_OK) {
    throw HttpFailure(curl_easy_strerror(code), 0);
  }
}

/// Owns curl's list of header lines.
class HeaderLines {
 public:
  ~HeaderLines() { curl_slist_free_all(lines_); }
  HeaderLines() = default;
  HeaderLines(const HeaderLines&) = delete;
  HeaderLines& operator=(const HeaderLines&) = delete;
  void add(const char* line) {
    curl_slist* longer = curl_slist_append(lines_, line);
    if (longer == nullptr) {
      throw std::bad_alloc();
    }
    lines_ = longer;
  }
  curl_slist* get() const noexcept { return lines_; }

 private:
  curl_slist* lines_ = nullptr;
};

}  // namespace

/// A handle for the time of one request.
class HttpClient::Lease {
 public:
  explicit Lease(HttpClient& client) : client_(client), handle_(client.take()) {}
  ~Lease() { client_.give_back(handle_); }
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  CURL* handle() const noexcept { return handle_; }

 private:
  HttpClient& client_;
  void* handle_;
};

HttpClient::~HttpClient() {
  if (owner_ == ::getpid()) {
    std::for_each(unused_.begin(), unused_.end(), curl_easy_cleanup);
  }
}

void* HttpClient::take() {
  start_curl();
  const std::lock_guard lock(mutex_);
  if (owner_ != ::getpid()) {
    unused_.clear();  // not closed: their connections belong to the parent process
    owner_ = ::getpid();
  }
  if (unused_.empty()) {
    CURL* handle = curl_easy_init();
    if (handle == nullptr) {
      throw std::bad_alloc();
    }
    return handle;
  }
  void* const handle = unused_.back();
  unused_.pop_back();
  return handle;
}

void HttpClient::give_back(void* handle) noexcept {
  const std::lock_guard lock(mutex_);
  unused_.push_back(handle);
}

HttpResponse HttpClient::send(const HttpRequest& request) {
  const Lease lease(*this);
  CURL* const handle = lease.handle();
  Exchange exchange{.request = request, .handle = handle};
  std::array<char, CURL_ERROR_SIZE> text{};
  HeaderLines headers;
  headers.add("Content-Type: application/octet-stream");
  headers.add("Expect:");  // no round trip before the body

  curl_easy_reset(handle);  // keeps the connections
  set(handle, CURLOPT_NOSIGNAL, 1L);
  set(handle, CURLOPT_URL, request.url.c_str());
  set(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  set(handle, CURLOPT_USERAGENT, "dga");
  set(handle, CURLOPT_HTTPHEADER, headers.get());
  set(handle, CURLOPT_ERRORBUFFER, text.data());
  set(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(settings_.connect_s * 1000));
  set(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
  set(handle, CURLOPT_LOW_SPEED_TIME, static_cast<long>(settings_.stall_s));
  if (!settings_.ca_file.empty()) {
    set(handle, CURLOPT_CAINFO, settings_.ca_file.c_str());
  }
  if (request.negotiate) {
    set(handle, CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_NEGOTIATE));
    set(handle, CURLOPT_USERPWD, ":");    // the name in the ticket
    set(handle, CURLOPT_COOKIEFILE, "");  // keeps the server's proof, so that not each request asks
  }
  set(handle, CURLOPT_BUFFERSIZE, 512L << 10);
  set(handle, CURLOPT_UPLOAD_BUFFERSIZE, 256L << 10);  // stays in the cache of a core
  set(handle, CURLOPT_OPENSOCKETFUNCTION, &on_socket);
  set(handle, CURLOPT_HEADERFUNCTION, &on_header);
  set(handle, CURLOPT_HEADERDATA, &exchange);
  set(handle, CURLOPT_WRITEFUNCTION, &on_body);
  set(handle, CURLOPT_WRITEDATA, &exchange);
  if (request.method == "PUT" || request.method == "POST") {
    set(handle, CURLOPT_UPLOAD, 1L);
    set(handle, CURLOPT_READFUNCTION, &on_send);
    set(handle, CURLOPT_READDATA, &exchange);
    set(handle, CURLOPT_SEEKFUNCTION, &on_seek);
    set(handle, CURLOPT_SEEKDATA, &exchange);
    set(handle, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  }
  set(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());

  const CURLcode code = curl_easy_perform(handle);
  if (exchange.thrown) {
    std::rethrow_exception(exchange.thrown);
  }
  if (code != CURLE_OK) {
    const std::string what =
        text.front() != '\0' ? std::string(text.data()) : curl_easy_strerror(code);
    if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE) {
      throw UntrustedServer(what);
    }
    throw HttpFailure(exchange.too_long ? "an answer that is longer than what was asked for" : what,
                      exchange.response.received);
  }
  long status = 0;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  exchange.response.status = static_cast<int>(status);
  return std::move(exchange.response);
}

}  // namespace dga
