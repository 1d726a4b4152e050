// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <memory>
#include <string_view>

#include "dga/storage/store.h"
#include "dga/storage/uri.h"

namespace dga {

/// Whether URIs of this scheme are files in an HDFS: hdfs, webhdfs, swebhdfs.
constexpr bool is_hdfs_scheme(std::string_view scheme) noexcept {
  return scheme == "hdfs" || scheme == "webhdfs" || scheme == "swebhdfs";
}

/// The store that `uri` is in; the same object for the same scheme, authority and environment
/// variables. Reads the configuration of Hadoop and does not connect. Throws InvalidArgument for an
/// authority that names no host, and StorageError for a damaged configuration or a variable with an
/// impossible value, and if dga was built without HDFS.
std::shared_ptr<const Store> hdfs_store(const Uri& uri);

}  // namespace dga
