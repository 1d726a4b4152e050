// SPDX-License-Identifier: Apache-2.0
//
// IndexFolder: keeps what was found in streamed files, so that the next run, or another process of
// this one, need not read them for it again.

#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dga/base/dtype.h"
#include "dga/base/error.h"
#include "dga/storage/tensor_view.h"

namespace dga {

/// Arrays and a text, as they were saved.
struct IndexRecord {
  struct Array {
    DType type = DType::f32;
    std::int64_t count = 0;
    std::shared_ptr<std::byte[]> bytes = {};
  };
  std::string text = {};
  std::map<std::string, Array> arrays = {};

  /// The elements of the array `name`, `count` of them if that is not negative. Throws StorageError
  /// if there is no such array.
  template <typename T>
  std::pair<std::shared_ptr<T[]>, std::int64_t> array(const std::string& name,
                                                      std::int64_t count = -1) const {
    const auto found = arrays.find(name);
    if (found == arrays.end() || found->second.type != dtype_of<T>() ||
        (count >= 0 && found->second.count != count)) {
      throw StorageError(str("expected an array ", name, " of its type and size, found none"));
    }
    return {{found->second.bytes, reinterpret_cast<T*>(found->second.bytes.get())},
            found->second.count};
  }
};

/// A set of files, and what is sought in them.
struct IndexKey {
  struct File {
    std::string path = {};   // as it was given
    std::string place = {};  // equal for all paths of the file
    std::string stamp = {};  // FileStatus::stamp
    std::int64_t size = 0;

    bool operator==(const File&) const = default;
  };
  /// Everything that decides what is found, beside the contents of the files.
  std::string topic = {};
  std::vector<File> files = {};
  int threads = 1;

  /// The key of the same files for another topic.
  IndexKey with(std::string_view other) const;
};

/// Looks at the files. Throws StorageError.
IndexKey index_key(std::string topic, std::span<const std::string> paths, int threads);

/// Several processes may use a folder at the same time.
class IndexFolder {
 public:
  /// `path`: a plain path or a URI. The folder is made when it is needed.
  explicit IndexFolder(std::string path) : path_(std::move(path)) {}

  /// What was saved for `key`, while the files are the same: they have the size and the times of
  /// then or, on this machine, the size and the content. Nothing otherwise, and for a damaged file,
  /// which is a warning.
  std::optional<IndexRecord> find(const IndexKey& key) const;

  /// Saves what was found, unless the files have changed since `key` was made, and removes what
  /// processes left that were killed while they saved. A folder that cannot be written is a
  /// warning. Reads files of this machine once more, for the checksum of their content.
  void save(const IndexKey& key, std::string_view text, std::span<const TensorView> arrays) const;

  const std::string& path() const noexcept { return path_; }

 private:
  std::string path_of(const IndexKey& key) const;

  std::string path_;
};

}  // namespace dga
