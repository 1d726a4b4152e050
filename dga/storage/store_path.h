// SPDX-License-Identifier: Apache-2.0
//
// StorePath: a path as users write it, and the Store that it is in.

#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "dga/storage/store.h"

namespace dga {

/// A plain path, or a URI of a scheme in docs/storage.md. The path of file:// is percent-decoded.
/// Copies are cheap. All members throw StorageError, unless they say otherwise.
class StorePath {
 public:
  /// Throws InvalidArgument for a URI of an unknown scheme, or with a part that its scheme does not
  /// have. Does not look at the store.
  explicit StorePath(std::string_view text);

  /// The path as errors and files show it: without file://, otherwise as it was given.
  const std::string& text() const noexcept { return text_; }
  /// The last part: "a.csv". Empty for a root.
  std::string name() const;
  /// The folder that contains it.
  StorePath parent() const;
  /// The path of `name` in this folder.
  StorePath operator/(std::string_view name) const;
  /// Whether it is a path of this machine.
  bool is_local() const noexcept;

  // --- see Store
  std::optional<FileStatus> status() const { return store_->status(path_); }
  bool exists() const { return status().has_value(); }
  bool is_folder() const;
  std::vector<Entry> list() const { return store_->list(path_); }
  SourcePtr open() const { return store_->open(path_); }
  std::unique_ptr<FileWriter> create() const { return store_->create(path_); }
  std::unique_ptr<FileAppender> append() const { return store_->append(path_); }
  void truncate(std::int64_t size) const { store_->truncate(path_, size); }
  bool make_folder() const { return store_->make_folder(path_); }
  void rename(const StorePath& to) const;
  bool remove() const { return store_->remove(path_); }
  void remove_abandoned() const noexcept { store_->remove_abandoned(path_); }
  /// Equal for all paths of one file.
  std::string canonical() const;

 private:
  StorePath(std::shared_ptr<const Store> store, std::string text, std::size_t prefix);

  std::shared_ptr<const Store> store_;
  std::string text_;
  std::string path_;  // within the store: the rest of text_ after `prefix_` bytes
  std::size_t prefix_ = 0;
};

/// The text of the path of `name` in `folder`.
std::string path_in(std::string_view folder, std::string_view name);
/// The last part of a path.
std::string file_name(std::string_view path);

}  // namespace dga
