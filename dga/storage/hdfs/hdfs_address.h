// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>
#include <vector>

#include "dga/storage/hdfs/hadoop_conf.h"
#include "dga/storage/uri.h"

namespace dga {

/// Where the NameNodes of a URI are.
struct HdfsAddress {
  std::string shown;                       // "hdfs://host:port", for errors
  std::string scheme = "http";             // or "https"
  std::vector<std::string> nodes = {};     // "host:port" of each NameNode's HTTP server
  std::vector<std::string> services = {};  // names of the file system in files of tokens
  std::string found_in = {};               // where the nodes are written, for errors
};

/// For hdfs://, DGA_HDFS_HTTP comes first. Then, for all schemes, a nameservice of `conf`, and for
/// hdfs:// a NameNode of it with this RPC address. Otherwise the authority itself, with the usual
/// port. Throws InvalidArgument for an authority that names no host, and StorageError for an
/// address in `conf` that is missing or damaged.
HdfsAddress hdfs_address(const Uri& uri, const HadoopConf& conf);

/// The host in "host:port".
std::string host_of(const std::string& address);

}  // namespace dga
