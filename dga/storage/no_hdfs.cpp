// SPDX-License-Identifier: Apache-2.0

#include "dga/base/error.h"
#include "dga/storage/hdfs/hdfs.h"

namespace dga {

std::shared_ptr<const Store> hdfs_store(const Uri& uri) {
  throw StorageError(
      str("[storage] ", uri.scheme, "://", printable(uri.authority),
          ": expected a build of dga with HDFS, found one without. Install "
          "libcurl4-openssl-dev, libpugixml-dev and libisal-dev, and build dga again."));
}

}  // namespace dga
