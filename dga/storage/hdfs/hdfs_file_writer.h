// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstddef>
#include <deque>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dga/storage/hdfs/web_hdfs.h"
#include "dga/storage/store.h"

namespace dga {

/// Writes parts of at most 128 MiB to hidden files ".NAME.HOST-PID-N-PART.dga-tmp" beside `path`.
/// Each is kept in memory until HDFS has it, so that it can be sent again. commit() joins them on
/// the NameNode, which moves no data, and renames the result to `path`. While two parts are sent,
/// the next is filled: memory for three parts.
class HdfsFileWriter final : public FileWriter {
 public:
  HdfsFileWriter(std::shared_ptr<WebHdfs> hdfs, std::string path);
  ~HdfsFileWriter() override;
  HdfsFileWriter(const HdfsFileWriter&) = delete;
  HdfsFileWriter& operator=(const HdfsFileWriter&) = delete;

  void reserve(std::int64_t bytes) override;  // of memory: a NameNode reserves nothing
  void append(std::span<const std::byte> bytes) override;
  void commit() override;

 private:
  std::string part(std::size_t number) const;
  void send();
  /// Waits until at most `most` parts are being sent. Throws what sending them threw.
  void wait_for_sent(std::size_t most);

  std::shared_ptr<WebHdfs> hdfs_;
  std::string path_;
  std::string stem_;  // of the hidden files
  std::vector<std::byte> filling_;
  std::vector<std::byte> spare_;                          // memory of a part that was sent
  std::deque<std::future<std::vector<std::byte>>> sent_;  // each returns its memory
  std::size_t parts_ = 0;                                 // begun to be sent
  std::int64_t size_ = 0;
  bool committed_ = false;
};

/// Whether a file of this name is a hidden one whose writer, a process of this host, is dead.
bool is_abandoned_hdfs_file(std::string_view name);

}  // namespace dga
