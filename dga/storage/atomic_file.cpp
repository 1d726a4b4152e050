// SPDX-License-Identifier: Apache-2.0

#include "dga/storage/atomic_file.h"

#include <utility>

#include "dga/base/error.h"
#include "dga/storage/store_path.h"

namespace dga {

AtomicFile::AtomicFile(std::string path)
    : path_(std::move(path)), writer_(StorePath(path_).create()) {}

void AtomicFile::append(std::span<const std::byte> bytes) {
  writer_->append(bytes);
  hash_.add(bytes);
}

void AtomicFile::commit() {
  DGA_CHECK(!committed_, "[storage] ", path_,
            ": expected one commit, found a second. Use a new AtomicFile.");
  committed_ = true;
  writer_->commit();
}

void atomic_write(const std::string& path, std::span<const std::byte> bytes) {
  AtomicFile file(path);
  file.append(bytes);
  file.commit();
}

void atomic_write(const std::string& path, std::string_view text) {
  atomic_write(path, std::as_bytes(std::span(text)));
}

std::string read_file(const std::string& path) {
  return read_all(*StorePath(path).open());
}

}  // namespace dga
