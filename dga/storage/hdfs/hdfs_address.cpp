// SPDX-License-Identifier: Apache-2.0

#include "dga/storage/hdfs/hdfs_address.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <utility>

#include "dga/base/error.h"
#include "dga/storage/byte_source.h"

namespace dga {
namespace {

constexpr const char* kRpcPort = "8020";

std::string with_port(const std::string& address, const std::string& port) {
  // A colon within brackets belongs to an IPv6 address.
  const std::size_t colon = address.rfind(':');
  return colon != std::string::npos && address.find(']', colon) == std::string::npos
             ? address
             : str(address, ':', port);
}

bool is_port(const std::string& text) {
  int number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  return parsed.ec == std::errc{} && parsed.ptr == text.data() + text.size() && number >= 1 &&
         number <= 65535;
}

/// Looks up the addresses of NameNodes in a configuration.
class Addresses {
 public:
  Addresses(const HadoopConf& conf, bool tls) : conf_(conf), tls_(tls) {}

  std::string usual_port() const { return tls_ ? "9871" : "9870"; }

  /// What stands behind the names of its properties for each NameNode: ".mycluster.nn1".
  std::vector<std::string> nodes_of(const std::string& service) const {
    std::vector<std::string> suffixes;
    for (const std::string& node : conf_.list("dfs.ha.namenodes." + service)) {
      suffixes.push_back(str('.', service, '.', node));
    }
    return suffixes.empty() ? std::vector<std::string>{"." + service} : suffixes;
  }

  std::optional<std::string> rpc(const std::string& suffix) const {
    auto found = conf_.find("dfs.namenode.rpc-address" + suffix);
    constexpr std::string_view kScheme = "hdfs://";
    if (!found && suffix.empty()) {
      found = conf_.find("fs.defaultFS");
      if (!found || !found->starts_with(kScheme)) {
        return std::nullopt;
      }
      found = found->substr(kScheme.size(), found->find('/', kScheme.size()) - kScheme.size());
    }
    return found ? std::optional(with_port(*found, kRpcPort)) : std::nullopt;
  }

  /// Throws StorageError if the configuration does not have it.
  std::string http(const std::string& suffix) const {
    const std::string property = str("dfs.namenode.", tls_ ? "https" : "http", "-address", suffix);
    const auto rpc_address = rpc(suffix);
    auto found = conf_.find(property);
    if (!found) {
      if (!rpc_address) {
        throw StorageError(str("[storage] ", conf_.folder(),
                               "/hdfs-site.xml: expected the property ", property,
                               ", found neither it nor dfs.namenode.rpc-address", suffix,
                               ". Add the address of the NameNode."));
      }
      found = host_of(*rpc_address);
    }
    std::string address = with_port(*found, usual_port());
    const std::string port = address.substr(address.rfind(':') + 1);
    if (!is_port(port) || host_of(address).empty() || address.find('/') != std::string::npos) {
      throw StorageError(str("[storage] ", conf_.folder(), "/hdfs-site.xml: expected HOST:PORT in ",
                             property, ", found \"", printable(*found, 200), "\". Correct it."));
    }
    if (host_of(address) == "0.0.0.0" && rpc_address) {  // it listens on all addresses of its host
      address = str(host_of(*rpc_address), ':', port);
    }
    return address;
  }

 private:
  const HadoopConf& conf_;
  bool tls_;
};

/// The HTTP address of the NameNode with this RPC address.
std::optional<std::string> node_with_rpc(const Addresses& addresses, const HadoopConf& conf,
                                         const std::string& rpc) {
  std::vector<std::string> suffixes{""};
  for (const std::string& service : conf.list("dfs.nameservices")) {
    const auto nodes = addresses.nodes_of(service);
    suffixes.insert(suffixes.end(), nodes.begin(), nodes.end());
  }
  for (const std::string& suffix : suffixes) {
    if (addresses.rpc(suffix) == rpc) {
      return addresses.http(suffix);
    }
  }
  return std::nullopt;
}

}  // namespace

std::string host_of(const std::string& address) {
  return address.substr(0, address.rfind(':'));
}

HdfsAddress hdfs_address(const Uri& uri, const HadoopConf& conf) {
  const std::string host = host_of(with_port(uri.authority, "0"));
  DGA_CHECK(!host.empty() && uri.authority.find('@') == std::string::npos, "[storage] ", uri.scheme,
            "://", printable(uri.authority), ": expected a host, found ",
            host.empty() ? "none" : "a user",
            ". Write hdfs://HOST:PORT/PATH; HADOOP_USER_NAME is the user.");
  const std::string whole = with_port(uri.authority, kRpcPort);
  const std::string port = whole.substr(whole.rfind(':') + 1);
  DGA_CHECK(is_port(port), "[storage] ", uri.scheme, "://", printable(uri.authority),
            ": expected a port from 1 to 65535, found \"", printable(port),
            "\". Correct it, or leave it out.");
  const bool is_rpc = uri.scheme == "hdfs";  // its port is that of another protocol
  const bool tls = uri.scheme == "swebhdfs" ||
                   (is_rpc && conf.find("dfs.http.policy").value_or("") == "HTTPS_ONLY");
  const Addresses addresses(conf, tls);
  HdfsAddress address{.shown = str(uri.scheme, "://", uri.authority),
                      .scheme = tls ? "https" : "http",
                      .found_in = "the URI"};
  address.services = {str("ha-hdfs:", uri.authority), host};

  const auto services = conf.list("dfs.nameservices");
  const bool is_service =
      std::find(services.begin(), services.end(), uri.authority) != services.end();
  const char* const variable = std::getenv("DGA_HDFS_HTTP");
  if (is_rpc && variable != nullptr && *variable != '\0') {
    address.nodes = {variable};
    address.found_in = "DGA_HDFS_HTTP";
  } else if (is_service) {
    address.found_in = conf.folder() + "/hdfs-site.xml";
    for (const std::string& suffix : addresses.nodes_of(uri.authority)) {
      address.nodes.push_back(addresses.http(suffix));
    }
  } else if (!is_rpc) {
    address.nodes = {with_port(uri.authority, addresses.usual_port())};
  } else if (auto node = node_with_rpc(addresses, conf, with_port(uri.authority, kRpcPort))) {
    address.nodes = {*std::move(node)};
    address.found_in = conf.folder() + "/hdfs-site.xml";
  } else {
    address.nodes = {str(host, ':', addresses.usual_port())};
    address.found_in = "the URI, with the usual port";
  }
  for (const std::string& node : address.nodes) {
    address.services.push_back(host_of(node));
  }
  return address;
}

}  // namespace dga
