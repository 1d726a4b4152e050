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

/// The store that `uri` is in; the same object for the same scheme and authority. Does not connect.
/// Throws InvalidArgument for an authority that names no host, and StorageError if dga was built
/// without libcurl.
std::shared_ptr<const Store> hdfs_store(const Uri& uri);

}  // namespace dga
