// SPDX-License-Identifier: Apache-2.0

#pragma once

#include "dga/storage/store.h"

namespace dga {

/// Files on this machine's disks, and what is mounted there.
class LocalStore final : public Store {
 public:
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
};

}  // namespace dga
