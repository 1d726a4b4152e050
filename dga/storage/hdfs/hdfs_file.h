// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <memory>
#include <string>

#include "dga/storage/byte_source.h"
#include "dga/storage/hdfs/web_hdfs.h"

namespace dga {

/// A file whose status is `opened`. Each read ends with a look at the status, and throws
/// StorageError if it is another one. What is streamed from the first byte to the last is compared
/// with the checksum that HDFS keeps, if it keeps one that dga can compute (file_checksum.h).
SourcePtr hdfs_file(std::shared_ptr<WebHdfs> hdfs, std::string path, const WebHdfs::Json& opened);

}  // namespace dga
