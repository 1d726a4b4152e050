// SPDX-License-Identifier: Apache-2.0

#include "dga/storage/hdfs/web_hdfs.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "dga/base/error.h"
#include "dga/base/log.h"
#include "dga/storage/byte_source.h"

namespace dga {
namespace {

constexpr double kQuietSeconds = 10;  // after which a wait is worth a line

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

/// Whether another attempt may succeed after this Java exception: a NameNode that is starting, a
/// standby, a busy file, or a server that lost its connection to another one, such as a DataNode
/// whose NameNode has just died. A NameNode that has just become active may not know any DataNode
/// yet, and has no exception of its own for that.
bool is_passing(std::string_view exception, std::string_view java_class, std::string_view message) {
  constexpr std::array<std::string_view, 11> kPassing{"StandbyException",
                                                      "RetriableException",
                                                      "SafeModeException",
                                                      "RecoveryInProgressException",
                                                      "AlreadyBeingCreatedException",
                                                      "ServerTooBusyException",
                                                      "NotReplicatedYetException",
                                                      "LeaseExpiredException",
                                                      "ConnectTimeoutException",
                                                      "EOFException",
                                                      "InterruptedIOException"};
  return std::find(kPassing.begin(), kPassing.end(), exception) != kPassing.end() ||
         java_class.starts_with("java.net.") || java_class.starts_with("java.nio.channels.") ||
         message.starts_with("Failed to find datanode");
}

/// `text` of a server without tokens, which stand in the URLs that servers like to repeat.
std::string without_tokens(std::string text, const std::string& token) {
  constexpr std::string_view kHidden = "(hidden)";
  for (const std::string_view name : {"delegation=", "token="}) {
    for (std::size_t at = text.find(name); at != std::string::npos; at = text.find(name, at)) {
      at += name.size();
      text.replace(at, std::min(text.find_first_of("&\"' \t\r\n<>", at), text.size()) - at,
                   kHidden);
    }
  }
  for (std::size_t at = token.empty() ? std::string::npos : text.find(token);
       at != std::string::npos; at = text.find(token, at)) {
    text.replace(at, token.size(), kHidden);
  }
  return text;
}

/// What the server says, from the body of its answer.
HdfsRefusal refusal_of(const HttpResponse& response, const std::string& token) {
  const auto json = WebHdfs::Json::parse(response.body, nullptr, /*allow_exceptions=*/false);
  if (json.is_object() && json.contains("RemoteException") && json["RemoteException"].is_object()) {
    const auto& remote = json["RemoteException"];
    const auto text = [&](const char* name) {
      return remote.contains(name) && remote[name].is_string() ? remote[name].get<std::string>()
                                                               : "";
    };
    const std::string message = text("message");
    std::string exception = text("exception");
    if (exception == "SecurityException") {  // wraps what was wrong with a token
      for (const char* const inner : {"StandbyException", "RetriableException", "InvalidToken"}) {
        if (message.find(inner) != std::string::npos) {
          exception = inner;
          break;
        }
      }
    }
    return {response.status, exception,
            without_tokens(message.substr(0, message.find('\n')), token),
            is_passing(exception, text("javaClassName"), message)};
  }
  return {response.status, "", str("the HTTP status ", response.status), false};
}

/// "host:port" of a URL.
std::string authority_of(const std::string& url) {
  const std::size_t first = std::min(url.find("://") + 3, url.size());
  return url.substr(first, std::min(url.find('/', first), url.size()) - first);
}

WebHdfs::Json parsed_answer(const std::string& body) {
  WebHdfs::Json json = WebHdfs::Json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) {
    throw HttpFailure("an answer that is no JSON, as of another server", 0);
  }
  return json;
}

}  // namespace

/// A DataNode did not answer, or not to the end.
class WebHdfs::DataNodeFailure : public HttpFailure {
 public:
  DataNodeFailure(const HttpFailure& failure, std::string name)
      : HttpFailure(failure), data_node(std::move(name)) {}
  std::string data_node;  // "host:port"
};

std::string WebHdfs::url(const Turn& turn, const std::string& path, const std::string& operation,
                         const Parameters& parameters) const {
  std::string text = str(address_.scheme, "://", turn.node, "/webhdfs/v1", encoded(path, "-._~/"),
                         "?op=", operation);
  if (!turn.token.empty()) {
    text += "&delegation=" + turn.token;
  } else if (!identity_.kerberos) {
    text += "&user.name=" + encoded(identity_.user, "-._~");
  }
  for (const auto& [name, value] : parameters) {
    text += str('&', name, '=', encoded(value, "-._~/"));
  }
  return text;
}

HttpResponse WebHdfs::checked(HttpResponse response, const Turn& turn) const {
  if (response.status < 400) {
    return response;
  }
  HdfsRefusal refusal = refusal_of(response, turn.token);
  if (response.status >= 500 && refusal.exception.empty()) {
    throw HttpFailure(refusal.what(), 0);  // of a server that starts or stops
  }
  throw refusal;
}

void WebHdfs::turn_from(std::size_t failed) {
  const std::lock_guard lock(mutex_);
  if (active_ == failed) {  // another thread may have turned already
    active_ = (failed + 1) % address_.nodes.size();
  }
}

StorageError WebHdfs::unanswered(const std::string& path, const std::string& last,
                                 const Retry& retry) const {
  std::string nodes;
  for (const std::string& node : address_.nodes) {
    nodes += (nodes.empty() ? "" : ", ") + node;
  }
  return StorageError(str(
      "[storage] ", address_.shown, printable(path, 4096), ": expected an answer, found \"",
      printable(last, 300), "\" in ", retry.attempts(), " attempts over ",
      static_cast<int>(retry.seconds()), " s. Check that the NameNode (", printable(nodes, 300),
      ", from ", printable(address_.found_in, 300), ") and the DataNodes run and can be reached."));
}

bool WebHdfs::renew(const Turn& turn) {
  try {
    // It is the ticket that counts here: a token does not renew itself.
    const HttpResponse response = http_.send(
        {.method = "PUT",
         .url = url({.node = turn.node}, "/", "RENEWDELEGATIONTOKEN", {{"token", turn.token}}),
         .negotiate = true});
    renewal_.renewed(parsed_answer(checked(response, turn).body).at("long").get<std::int64_t>());
    return true;
  } catch (const HttpFailure&) {
    renewal_.postponed();
  } catch (const UntrustedServer&) {
    renewal_.postponed();  // the operation itself says so
  } catch (const Json::exception&) {
    renewal_.refused("an answer that is not WebHDFS's", /*for_good=*/true);
  } catch (const HdfsRefusal& refusal) {
    if (refusal.passing) {
      renewal_.postponed();
    } else {
      const bool no_ticket = refusal.http_status == 401;
      renewal_.refused(no_ticket ? "no Kerberos ticket" : refusal.what(), !no_ticket);
    }
  }
  return false;
}

void WebHdfs::repeat(const std::string& path, const std::function<void(const Turn&)>& attempt) {
  std::optional<Retry> retry;  // from the first failure on: what works may take long
  bool late = false;           // a token was renewed after it had been refused
  bool told = false;           // the user knows that it takes long
  Turn turn;
  std::string last;
  std::size_t turned = 0;  // how many NameNodes did not answer since the last pause
  while (true) {
    std::size_t node = 0;
    {
      const std::lock_guard lock(mutex_);
      node = active_;
    }
    turn.node = address_.nodes[node];
    turn.token = identity_.token ? identity_.token->text() : "";
    const bool renewable = !turn.token.empty() && identity_.kerberos;
    if (renewable && renewal_.is_due(turn.token)) {
      renew(turn);  // the operation goes on either way: the token may last
    }
    bool next_node = true;
    try {
      attempt(turn);
      return;
    } catch (const UntrustedServer& untrusted) {
      throw StorageError(str("[storage] ", address_.shown, printable(path, 4096),
                             ": expected a server with a certificate that is trusted, found \"",
                             printable(untrusted.what(), 300),
                             "\". Name the file of your CA's certificate in DGA_HDFS_CA."));
    } catch (const DataNodeFailure& failure) {
      last = str("DataNode ", failure.data_node, ": ", failure.what());
      if (const std::string host = host_of(failure.data_node);
          turn.excluded.find(host) == std::string::npos) {
        turn.excluded += (turn.excluded.empty() ? "" : ",") + host;
      }
      if (failure.received > 0) {
        retry.reset();  // it is getting on
      }
      next_node = false;
    } catch (const HttpFailure& failure) {
      last = str("NameNode ", turn.node, ": ", failure.what());
    } catch (const HdfsRefusal& refusal) {
      last = refusal.what();
      if (!refusal.passing) {
        if (refusal.exception == "InvalidToken" && identity_.token) {
          if (identity_.token->reread(turn.token)) {
            continue;  // whoever keeps the file has stored a new one
          }
          // Until the NameNode forgets an expired token, which takes up to an hour, it renews it.
          if (renewable && !late && renew(turn)) {
            late = true;
            continue;
          }
        }
        if (turn.excluded.empty()) {
          throw;
        }
        turn.excluded.clear();  // no other DataNode has the data, so they are asked again
        next_node = false;
      }
    }
    if (!retry) {
      retry.emplace();
    }
    if (next_node) {
      turn_from(node);
      if (++turned < address_.nodes.size()) {
        continue;
      }
      turned = 0;
    }
    if (!retry->pause()) {
      throw unanswered(path, last, *retry);
    }
    if (!told && retry->seconds() > kQuietSeconds) {  // so that nobody takes it for a hang
      told = true;
      log_warning("[storage] ", address_.shown, printable(path, 4096), ": no answer yet, but \"",
                  printable(last, 300), "\". Asking for up to ", Retry::Limits().total_s, " s.");
    }
  }
}

HttpResponse WebHdfs::ask(const Turn& turn, const std::string& method, const std::string& path,
                          const std::string& operation, const Parameters& parameters) {
  return checked(http_.send({.method = method,
                             .url = url(turn, path, operation, parameters),
                             .negotiate = identity_.kerberos && turn.token.empty()}),
                 turn);
}

WebHdfs::Json WebHdfs::call(const std::string& method, const std::string& path,
                            const std::string& operation, const Parameters& parameters) {
  Json answer;
  repeat(path, [&](const Turn& turn) {
    const HttpResponse response = ask(turn, method, path, operation, parameters);
    answer = response.body.empty() ? Json() : parsed_answer(response.body);
  });
  return answer;
}

WebHdfs::Json WebHdfs::call_data_node(const std::string& path, const std::string& operation) {
  Json answer;
  repeat(path, [&](const Turn& turn) {
    answer = parsed_answer(transfer(turn, path, operation, {}, {}).body);
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

HttpResponse WebHdfs::transfer(const Turn& turn, const std::string& path,
                               const std::string& operation, Parameters parameters,
                               HttpRequest request) {
  // Versions before 2.9 answer with a redirect all the same.
  parameters.emplace_back("noredirect", "true");
  if (!turn.excluded.empty()) {
    parameters.emplace_back("excludedatanodes", turn.excluded);
  }
  const HttpResponse response = ask(turn, request.method, path, operation, parameters);
  request.url = response.location;
  if (request.url.empty()) {
    const Json json = parsed_answer(response.body);
    if (!json.is_object() || !json.contains("Location") || !json["Location"].is_string()) {
      throw HttpFailure("an answer without a DataNode", 0);
    }
    request.url = json["Location"].get<std::string>();
  }
  if (!request.url.starts_with(address_.scheme + "://")) {  // also: no token without TLS
    throw HttpFailure(str("a DataNode whose address does not begin with ", address_.scheme, "://"),
                      0);
  }
  try {
    return checked(http_.send(request), turn);
  } catch (const HttpFailure& failure) {
    throw DataNodeFailure(failure, authority_of(request.url));
  } catch (const HdfsRefusal& refusal) {
    // Quotas, permissions and paths have classes of their own. This is a DataNode that could not go
    // on, for instance because another one behind it broke.
    if (refusal.exception == "IOException") {
      throw DataNodeFailure(HttpFailure(refusal.what(), 0), authority_of(request.url));
    }
    throw;
  }
}

void WebHdfs::read(const std::string& path, std::int64_t offset, std::int64_t count,
                   const UseBytes& use) {
  std::int64_t done = 0;
  repeat(path, [&](const Turn& turn) {
    while (done < count) {
      const std::int64_t rest = count - done;
      std::size_t received = 0;
      try {
        received =
            transfer(turn, path, "OPEN",
                     {{"offset", std::to_string(offset + done)}, {"length", std::to_string(rest)}},
                     {.receive = use, .most = static_cast<std::size_t>(rest)})
                .received;
      } catch (const HttpFailure& failure) {
        done += static_cast<std::int64_t>(failure.received);
        throw;
      }
      done += static_cast<std::int64_t>(received);
      if (received == 0) {
        throw HttpFailure("the answer ended before its first byte", 0);
      }
    }
  });
}

void WebHdfs::write(const std::string& path, std::span<const std::byte> bytes) {
  repeat(path, [&](const Turn& turn) {
    transfer(turn, path, "CREATE", {{"overwrite", "true"}, {"createparent", "false"}},
             {.method = "PUT", .body = bytes});
  });
}

void WebHdfs::append(const std::string& path, std::int64_t before,
                     std::span<const std::byte> bytes) {
  bool doubtful = false;  // an attempt may have appended something
  repeat(path, [&](const Turn& turn) {
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
    doubtful = true;
    transfer(turn, path, "APPEND", {}, {.method = "POST", .body = bytes});
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
