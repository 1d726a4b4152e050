// SPDX-License-Identifier: Apache-2.0

#include "dga/storage/appended_file.h"

#include "dga/storage/store_path.h"

namespace dga {

AppendedFile::AppendedFile(const std::string& path) {
  const StorePath file(path);
  if (file.exists()) {
    const SourcePtr before = file.open();
    before->stream(0, before->size(),
                   [&](std::span<const char> piece) { hash_.add(std::as_bytes(piece)); });
  }
  file_ = file.append();
}

void AppendedFile::append(std::span<const std::byte> bytes) {
  file_->append(bytes);
  hash_.add(bytes);  // afterwards: an append that throws leaves no bytes
}

}  // namespace dga
