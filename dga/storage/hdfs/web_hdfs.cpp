// SPDX-License-Identifier: Apache-2.0

#include "dga/storage/hdfs/web_hdfs.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "dga/base/error.h"
#include "dga/storage/byte_source.h"

namespace dga {
namespace {

/// Percent-encodes what has a meaning in URLs.
std::string encoded(std::string_view text, std::string_view safe) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || safe.find(c) != std::string_view::npos) {
      out += c;
    } else {
      out += '%';
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  return out;
}

/// Whether another attempt may succeed: a NameNode that is starting, a standby, a busy file.
bool is_passing(const std::string& exception) {
  constexpr std::array<std::string_view, 8> kPassing{"StandbyException",
                                                     "RetriableException",
                                                     "SafeModeException",
                                                     "RecoveryInProgressException",
                                                     "AlreadyBeingCreatedException",
                                                     "ServerTooBusyException",
                                                     "NotReplicatedYetException",
                                                     "LeaseExpiredException"};
  return std::find(kPassing.begin(), kPassing.end(), exception) != kPassing.end();
}

/// What the server says, from the body of its answer.
HdfsRefusal refusal_of(const HttpResponse& response) {
  const auto json = WebHdfs::Json::parse(response.body, nullptr, /*allow_exceptions=*/false);
  if (json.is_object() && json.contains("RemoteException") && json["RemoteException"].is_object()) {
    const auto& remote = json["RemoteException"];
    const std::string message = remote.value("message", "");
    return {remote.value("exception", ""), message.substr(0, message.find('\n'))};
  }
  return {"", str("the HTTP status ", response.status)};
}

}  // namespace

std::string WebHdfs::url(const std::string& node, const std::string& path,
                         const std::string& operation, const Parameters& parameters) const {
  std::string text = str(address_.scheme, "://", node, "/webhdfs/v1", encoded(path, "-._~/"),
                         "?op=", operation, "&user.name=", encoded(address_.user, "-._~"));
  for (const auto& [name, value] : parameters) {
    text += str('&', name, '=', encoded(value, "-._~/"));
  }
  return text;
}

HttpResponse WebHdfs::checked(HttpResponse response) const {
  if (response.status >= 400) {
    throw refusal_of(response);
  }
  return response;
}

void WebHdfs::repeat(const std::string& path,
                     const std::function<void(const std::string& node)>& attempt) {
  Retry retry;
  std::string last;
  do {
    std::size_t node = 0;
    {
      const std::lock_guard lock(mutex_);
      node = active_;
    }
    try {
      attempt(address_.nodes[node]);
      return;
    } catch (const HttpFailure& failure) {
      last = failure.what();
    } catch (const HdfsRefusal& refusal) {
      if (!is_passing(refusal.exception)) {
        throw;
      }
      last = refusal.what();
    }
    const std::lock_guard lock(mutex_);
    if (active_ == node) {  // another thread may have turned already
      active_ = (node + 1) % address_.nodes.size();
    }
  } while (retry.pause());
  throw StorageError(str("[storage] ", address_.shown, printable(path, 4096),
                         ": expected an answer, found \"", printable(last, 300), "\" in ",
                         retry.attempts(), " attempts over ", static_cast<int>(retry.seconds()),
                         " s. Check that the NameNode and the DataNodes run and can be reached."));
}

WebHdfs::Json WebHdfs::call(const std::string& method, const std::string& path,
                            const std::string& operation, const Parameters& parameters) {
  Json answer;
  repeat(path, [&](const std::string& node) {
    const HttpResponse response =
        checked(http_.send({.method = method, .url = url(node, path, operation, parameters)}));
    answer = response.body.empty()
                 ? Json()
                 : Json::parse(response.body, nullptr, /*allow_exceptions=*/false);
    if (answer.is_discarded()) {
      throw HttpFailure("an answer that is no JSON, as of another server", 0);
    }
  });
  return answer;
}

std::optional<WebHdfs::Json> WebHdfs::status(const std::string& path) {
  try {
    return call("GET", path, "GETFILESTATUS").at("FileStatus");
  } catch (const HdfsRefusal& refusal) {
    if (refusal.exception == "FileNotFoundException") {
      return std::nullopt;
    }
    throw;
  }
}

std::string WebHdfs::redirect(const std::string& node, const std::string& method,
                              const std::string& path, const std::string& operation,
                              const Parameters& parameters) {
  Parameters all = parameters;
  all.emplace_back("noredirect",
                   "true");  // versions before 2.9 answer with a redirect all the same
  const HttpResponse response =
      checked(http_.send({.method = method, .url = url(node, path, operation, all)}));
  if (!response.location.empty()) {
    return response.location;
  }
  const Json json = Json::parse(response.body, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("Location") || !json["Location"].is_string()) {
    throw HttpFailure("an answer without a DataNode", 0);
  }
  return json["Location"].get<std::string>();
}

void WebHdfs::read(const std::string& path, std::int64_t offset, std::int64_t count,
                   const UseBytes& use) {
  std::int64_t done = 0;
  repeat(path, [&](const std::string& node) {
    while (done < count) {
      const std::string data_node = redirect(
          node, "GET", path, "OPEN",
          {{"offset", std::to_string(offset + done)}, {"length", std::to_string(count - done)}});
      std::size_t received = 0;
      try {
        received = checked(http_.send({.url = data_node,
                                       .receive = use,
                                       .most = static_cast<std::size_t>(count - done)}))
                       .received;
      } catch (const HttpFailure& failure) {
        done += static_cast<std::int64_t>(failure.received);
        throw;
      }
      done += static_cast<std::int64_t>(received);
      if (received == 0) {
        throw HttpFailure("the connection ended before the first byte", 0);
      }
    }
  });
}

void WebHdfs::write(const std::string& path, std::span<const std::byte> bytes) {
  repeat(path, [&](const std::string& node) {
    const std::string data_node =
        redirect(node, "PUT", path, "CREATE", {{"overwrite", "true"}, {"createparent", "false"}});
    checked(http_.send({.method = "PUT", .url = data_node, .body = bytes}));
  });
}

void WebHdfs::append(const std::string& path, std::int64_t before,
                     std::span<const std::byte> bytes) {
  bool doubtful = false;  // an attempt may have appended something
  repeat(path, [&](const std::string& node) {
    if (doubtful) {
      const auto found = status(path);
      const std::int64_t size = found ? found->at("length").get<std::int64_t>() : 0;
      if (size == before + static_cast<std::int64_t>(bytes.size())) {
        return;
      }
      if (size > before) {
        truncate(path, before);
      }
    }
    const std::string data_node = redirect(node, "POST", path, "APPEND", {});
    doubtful = true;
    checked(http_.send({.method = "POST", .url = data_node, .body = bytes}));
  });
}

void WebHdfs::truncate(const std::string& path, std::int64_t size) {
  const std::string wanted = std::to_string(size);
  // false: the last block is being cut, which ends by itself.
  if (call("POST", path, "TRUNCATE", {{"newlength", wanted}}).value("boolean", false)) {
    return;
  }
  Retry retry;
  while (retry.pause()) {
    const auto found = status(path);
    if (found && found->at("length").get<std::int64_t>() == size) {
      return;
    }
  }
  throw StorageError(str("[storage] ", address_.shown, printable(path, 4096),
                         ": expected a file of ", size,
                         " bytes after cutting it, found that this takes more than a minute. Check "
                         "the DataNodes."));
}

}  // namespace dga
