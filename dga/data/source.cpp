// SPDX-License-Identifier: Apache-2.0

#include "dga/data/source.h"

#include <utility>

#include "dga/data/as_data.h"
#include "dga/data/formats/gzip.h"
#include "dga/data/formats/zstd.h"
#include "dga/storage/store_path.h"

namespace dga {
namespace {

class DataSource final : public ByteSource {
 public:
  explicit DataSource(SourcePtr file) : file_(std::move(file)) {}

  const std::string& name() const override { return file_->name(); }
  std::int64_t size() const override { return file_->size(); }
  void read(std::int64_t offset, std::span<char> into) const override {
    as_data([&] { file_->read(offset, into); });
  }
  void stream(std::int64_t offset, std::int64_t count, const UseBytes& use) const override {
    as_data([&] { file_->stream(offset, count, use); });
  }
  int reads_at_a_time() const noexcept override { return file_->reads_at_a_time(); }

 private:
  SourcePtr file_;
};

}  // namespace

SourcePtr open_file(const std::string& path) {
  return unpacked(as_data([&] { return StorePath(path).open(); }));
}

SourcePtr unpacked(SourcePtr opened) {
  const auto file = std::make_shared<DataSource>(std::move(opened));
  if (is_gzip(*file)) {
    return source_of(file->name(), gunzip(*file));
  }
  if (is_zstd(*file)) {
    return source_of(file->name(), unzstd(*file));
  }
  return file;
}

}  // namespace dga
