// SPDX-License-Identifier: Apache-2.0

#include "dga/storage/hdfs/delegation_token.h"

#include <netdb.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <cstdlib>
#include <utility>

#include "dga/base/error.h"
#include "dga/storage/store_path.h"

namespace dga {
namespace {

/// Takes apart bytes as Hadoop's Writables and protobuf write them. Throws StorageError at their
/// end.
class TokenBytes {
 public:
  TokenBytes(std::string_view bytes, const std::string& name) : rest_(bytes), name_(name) {}

  bool empty() const noexcept { return rest_.empty(); }

  std::string_view take(std::uint64_t count) {
    if (count > rest_.size()) {
      throw damaged();
    }
    const std::string_view taken = rest_.substr(0, static_cast<std::size_t>(count));
    rest_.remove_prefix(static_cast<std::size_t>(count));
    return taken;
  }

  /// Hadoop's variable-length integer: one byte from -112 to 127 is itself; below, it tells how
  /// many bytes follow, the most significant first.
  std::uint64_t vint() {
    const auto first = static_cast<signed char>(take(1)[0]);
    if (first >= 0) {
      return static_cast<std::uint64_t>(first);
    }
    if (first >= -112 || first < -120) {
      throw damaged();  // a negative length
    }
    std::uint64_t value = 0;
    for (const char byte : take(static_cast<std::uint64_t>(-112 - first))) {
      value = (value << 8) | static_cast<unsigned char>(byte);
    }
    return value;
  }

  /// protobuf's: seven bits a byte, the least significant first.
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<unsigned char>(take(1)[0]);
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) {
        return value;
      }
    }
    throw damaged();
  }

  /// A field of a message, all of which are texts or messages. Returns its number.
  std::uint64_t field(std::string_view& value) {
    constexpr std::uint64_t kLengthDelimited = 2;
    const std::uint64_t tag = varint();
    if ((tag & 7) != kLengthDelimited) {
      throw damaged();
    }
    value = take(varint());
    return tag >> 3;
  }

  StorageError damaged() const {
    return StorageError(str("[storage] ", name_,
                            ": expected tokens as Hadoop stores them, found a file that is damaged "
                            "or of another kind. Correct HADOOP_TOKEN_FILE_LOCATION."));
  }

 private:
  std::string_view rest_;
  const std::string& name_;
};

struct StoredToken {
  std::string_view identifier;
  std::string_view password;
  std::string_view kind;
  std::string_view service;
};

std::vector<StoredToken> writable_tokens(TokenBytes& bytes) {
  std::vector<StoredToken> tokens;
  for (std::uint64_t left = bytes.vint(); left > 0; --left) {
    bytes.take(bytes.vint());  // its alias
    StoredToken& token = tokens.emplace_back();
    for (std::string_view* part :
         {&token.identifier, &token.password, &token.kind, &token.service}) {
      *part = bytes.take(bytes.vint());
    }
  }
  return tokens;  // other secrets follow
}

std::vector<StoredToken> protobuf_tokens(TokenBytes& bytes, const std::string& name) {
  TokenBytes message(bytes.take(bytes.varint()), name);
  std::vector<StoredToken> tokens;
  while (!message.empty()) {
    std::string_view entry;
    if (message.field(entry) != 1) {
      continue;  // another secret
    }
    TokenBytes parts(entry, name);
    while (!parts.empty()) {
      std::string_view part;
      if (parts.field(part) != 2) {
        continue;  // its alias
      }
      TokenBytes values(part, name);
      StoredToken& token = tokens.emplace_back();
      const std::array<std::string_view*, 4> fields{&token.identifier, &token.password, &token.kind,
                                                    &token.service};
      while (!values.empty()) {
        std::string_view value;
        const std::uint64_t number = values.field(value);
        if (number >= 1 && number <= fields.size()) {
          *fields[number - 1] = value;
        }
      }
    }
  }
  return tokens;
}

void put_bytes(std::string& out, std::string_view bytes) {
  if (bytes.size() <= 127) {
    out += static_cast<char>(bytes.size());
  } else {
    std::string digits;
    for (std::size_t rest = bytes.size(); rest > 0; rest >>= 8) {
      digits.insert(digits.begin(), static_cast<char>(rest & 0xff));
    }
    out += static_cast<char>(-112 - static_cast<int>(digits.size()));
    out += digits;
  }
  out += bytes;
}

/// Base64 in the alphabet of URLs, without padding, as Hadoop's Token.encodeToUrlString.
std::string url_text(const StoredToken& token) {
  std::string bytes;
  for (const std::string_view part :
       {token.identifier, token.password, token.kind, token.service}) {
    put_bytes(bytes, part);
  }
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                   reinterpret_cast<const unsigned char*>(bytes.data()),
                                   static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  text.erase(std::min(text.find('='), text.size()));
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  return text;
}

/// The numeric addresses of a host.
std::vector<std::string> numeric(const std::string& host) {
  std::vector<std::string> all;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) {
    return all;
  }
  for (const addrinfo* item = found; item != nullptr; item = item->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (::getnameinfo(item->ai_addr, item->ai_addrlen, text.data(), text.size(), nullptr, 0,
                      NI_NUMERICHOST) == 0) {
      all.emplace_back(text.data());
    }
  }
  ::freeaddrinfo(found);
  return all;
}

const char* set_variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : nullptr;
}

}  // namespace

std::string token_in(std::string_view contents, const std::vector<std::string>& services,
                     const std::string& name) {
  TokenBytes bytes(contents, name);
  constexpr std::string_view kMagic = "HDTS";
  if (!contents.starts_with(kMagic)) {
    throw bytes.damaged();
  }
  bytes.take(kMagic.size());
  const char version = bytes.take(1)[0];
  if (version != 0 && version != 1) {
    throw bytes.damaged();
  }
  const auto tokens = version == 0 ? writable_tokens(bytes) : protobuf_tokens(bytes, name);
  std::vector<std::string> wanted;
  for (const std::string& service : services) {
    wanted.push_back(service);
    if (service.find(':') == std::string::npos) {  // a host, as which a token may give its address
      const auto addresses = numeric(service);
      wanted.insert(wanted.end(), addresses.begin(), addresses.end());
    }
  }
  for (const StoredToken& token : tokens) {
    const std::string service(token.service);
    // Of a host any port will do: the token's is that of Hadoop's own protocol.
    const std::string named =
        service.starts_with("ha-hdfs:") ? service : service.substr(0, service.rfind(':'));
    if ((token.kind == "HDFS_DELEGATION_TOKEN" || token.kind == "WEBHDFS delegation" ||
         token.kind == "SWEBHDFS delegation") &&
        std::find(wanted.begin(), wanted.end(), named) != wanted.end()) {
      return url_text(token);
    }
  }
  return "";
}

std::shared_ptr<DelegationToken> DelegationToken::find(const std::vector<std::string>& services) {
  std::shared_ptr<DelegationToken> token;
  if (const char* plain = set_variable("DGA_HDFS_TOKEN_FILE")) {
    token.reset(new DelegationToken(plain, true, services));
  } else if (const char* stored = set_variable("HADOOP_TOKEN_FILE_LOCATION")) {
    token.reset(new DelegationToken(stored, false, services));
  } else {
    return nullptr;
  }
  token->text_ = token->read();
  return token->text_.empty() ? nullptr : token;
}

std::string DelegationToken::read() const {
  const StorePath path(file_);
  const std::string contents = read_all(*path.open());
  const std::string name = printable(file_, 4096);
  if (!plain_) {
    return token_in(contents, services_, name);
  }
  std::string text = contents.substr(0, contents.find_last_not_of(" \r\n") + 1);
  const bool fits = std::all_of(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_';
  });
  if (text.empty() || !fits) {  // what it has may be a secret, and is not shown
    throw StorageError(str("[storage] ", name,
                           ": expected a delegation token in one line of letters, "
                           "digits, - and _, found ",
                           text.empty() ? "nothing" : "something else",
                           ". Store the urlString of GETDELEGATIONTOKEN there."));
  }
  return text;
}

std::string DelegationToken::text() const {
  const std::lock_guard lock(mutex_);
  return text_;
}

bool DelegationToken::reread(const std::string& old) {
  std::string now = read();
  const std::lock_guard lock(mutex_);
  if (!now.empty()) {
    text_ = std::move(now);
  }
  return text_ != old;
}

}  // namespace dga
