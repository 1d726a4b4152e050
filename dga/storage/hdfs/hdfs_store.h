// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <functional>
#include <memory>
#include <string>

#include "dga/storage/hdfs/web_hdfs.h"
#include "dga/storage/store.h"

namespace dga {

/// Files in an HDFS, over WebHDFS.
class HdfsStore final : public Store {
 public:
  explicit HdfsStore(std::shared_ptr<WebHdfs> hdfs);

  std::optional<FileStatus> status(const std::string& path) const override;
  std::vector<Entry> list(const std::string& path) const override;
  SourcePtr open(const std::string& path) const override;
  std::unique_ptr<FileWriter> create(const std::string& path) const override;
  std::unique_ptr<FileAppender> append(const std::string& path) const override;
  void truncate(const std::string& path, std::int64_t size) const override;
  bool make_folder(const std::string& path) const override;
  void rename(const std::string& from, const std::string& to) const override;
  bool remove(const std::string& path) const override;
  void remove_abandoned(const std::string& folder) const noexcept override;
  std::string canonical(const std::string& path) const override;

 private:
  std::shared_ptr<WebHdfs> hdfs_;
};

/// Throws HdfsRefusal for a negative length, and nlohmann's exceptions for another JSON.
FileStatus status_from(const WebHdfs::Json& json);

/// Calls `use`; a refusal of the server becomes a StorageError: "`path`: expected `wanted`, found
/// …".
void as_storage(const WebHdfs& hdfs, const std::string& path, const std::string& wanted,
                const std::function<void()>& use);

/// Gives a file or folder another path, replacing a file there. If the answer to a rename is lost,
/// the rename may have happened already; this is checked before it is repeated.
void rename_in(WebHdfs& hdfs, const std::string& from, const std::string& to);

}  // namespace dga
