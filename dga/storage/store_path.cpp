// SPDX-License-Identifier: Apache-2.0

#include "dga/storage/store_path.h"

#include <algorithm>
#include <utility>

#include "dga/base/error.h"
#include "dga/storage/hdfs/hdfs.h"
#include "dga/storage/local/local_store.h"
#include "dga/storage/uri.h"

namespace dga {
namespace {

std::shared_ptr<const Store> local_store() {
  static const auto store = std::make_shared<const LocalStore>();
  return store;
}

/// The path that a file:// URI stands for.
std::string local_path(std::string_view text, const Uri& uri) {
  if ((!uri.authority.empty() && uri.authority != "localhost") || uri.path.empty()) {
    throw InvalidArgument(
        str("[storage] ", printable(text, 4096), ": expected file:// and an absolute path, found ",
            uri.authority.empty() ? "none" : str("the host \"", printable(uri.authority), '"'),
            ". Write file:///path, with three slashes."));
  }
  return percent_decoded(uri.path);
}

/// "hdfs:/x" is hardly the path of a local file.
void refuse_one_slash(std::string_view text) {
  const std::size_t colon = std::min(text.find(':'), text.size());
  const std::string_view scheme = text.substr(0, colon);
  const std::string_view rest = text.substr(colon);
  if ((is_hdfs_scheme(scheme) || scheme == "file") && rest.starts_with(":/") &&
      !rest.starts_with("://")) {
    throw InvalidArgument(str("[storage] ", printable(text, 4096), ": expected two slashes after ",
                              scheme, ":, found one. Write ", scheme,
                              scheme == "file" ? ":///PATH." : "://HOST:PORT/PATH."));
  }
}

/// Where the last part of a path begins.
std::size_t last_part(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? 0 : slash + 1;
}

}  // namespace

StorePath::StorePath(std::string_view text) : store_(local_store()), text_(text) {
  refuse_one_slash(text);
  if (const auto uri = parse_uri(text)) {
    if (uri->scheme == "file") {
      text_ = local_path(text, *uri);
    } else if (is_hdfs_scheme(uri->scheme)) {
      store_ = hdfs_store(*uri);
      prefix_ = text.size() - uri->path.size();
      text_ += uri->path.empty() ? "/" : "";
    } else {
      throw InvalidArgument(str("[storage] ", printable(text, 4096),
                                ": expected a path or a URI that begins with file, hdfs, webhdfs "
                                "or swebhdfs, found the scheme \"",
                                printable(uri->scheme),
                                "\". Copy the files to one of these places."));
    }
  }
  path_ = text_.substr(prefix_);
}

StorePath::StorePath(std::shared_ptr<const Store> store, std::string text, std::size_t prefix)
    : store_(std::move(store)),
      text_(std::move(text)),
      path_(text_.substr(prefix)),
      prefix_(prefix) {}

std::string StorePath::name() const {
  return file_name(path_);
}

StorePath StorePath::parent() const {
  std::size_t end = path_.find_last_not_of('/');
  if (end == std::string::npos) {  // a root, or the current folder
    return *this;
  }
  end = last_part(std::string_view(path_).substr(0, end + 1));
  if (end == 0) {
    return {store_, text_.substr(0, prefix_) + ".", prefix_};
  }
  // "/a" is in "/", "a/b" in "a".
  return {store_, text_.substr(0, prefix_ + (end == 1 ? 1 : end - 1)), prefix_};
}

StorePath StorePath::operator/(std::string_view name) const {
  return {store_, path_in(text_, name), prefix_};
}

bool StorePath::is_local() const noexcept {
  return store_ == local_store();
}

bool StorePath::is_folder() const {
  const auto found = status();
  return found && found->is_folder();
}

void StorePath::rename(const StorePath& to) const {
  DGA_CHECK(store_ == to.store_, "[storage] ", text_, ": expected to rename it within its store, ",
            "found ", to.text_, ". Copy the file instead.");
  store_->rename(path_, to.path_);
}

std::string StorePath::canonical() const {
  return text_.substr(0, prefix_) + store_->canonical(path_);
}

std::string path_in(std::string_view folder, std::string_view name) {
  return str(folder, folder.empty() || folder.ends_with('/') ? "" : "/", name);
}

std::string file_name(std::string_view path) {
  return std::string(path.substr(last_part(path)));
}

}  // namespace dga
