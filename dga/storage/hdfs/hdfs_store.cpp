// SPDX-License-Identifier: Apache-2.0

#include "dga/storage/hdfs/hdfs_store.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <future>
#include <map>
#include <mutex>
#include <utility>

#include "dga/base/error.h"
#include "dga/storage/hdfs/hdfs.h"
#include "dga/storage/hdfs/hdfs_file_writer.h"

namespace dga {
namespace {

using Json = WebHdfs::Json;

std::string remedy_for(const std::string& exception) {
  if (exception == "AccessControlException") {
    return "Ask for the permission, or set HADOOP_USER_NAME.";
  }
  if (exception == "FileNotFoundException") {
    return "Check the path.";
  }
  if (exception.find("Quota") != std::string::npos) {
    return "Remove files, or ask for a larger quota.";
  }
  return "See the log of the NameNode.";
}

FileStatus status_from(const Json& json) {
  FileStatus status{
      .kind = json.at("type") == "DIRECTORY" ? FileStatus::Kind::folder : FileStatus::Kind::file,
      .size = json.at("length").get<std::int64_t>(),
      .identity = str(json.value("fileId", std::int64_t{0}))};
  status.version =
      str(status.identity, ' ', status.size, ' ', json.value("modificationTime", std::int64_t{0}));
  return status;
}

/// Long reads are cut into ranges, which go over several connections.
class HdfsFile final : public ByteSource {
 public:
  HdfsFile(std::shared_ptr<WebHdfs> hdfs, std::string path, std::int64_t size)
      : hdfs_(std::move(hdfs)),
        path_(std::move(path)),
        name_(printable(hdfs_->address().shown + path_, 4096)),
        size_(size) {}

  const std::string& name() const override { return name_; }
  std::int64_t size() const override { return size_; }

  void read(std::int64_t offset, std::span<char> into) const override {
    if (into.empty()) {
      return;
    }
    as_storage(*hdfs_, path_, str(size_, " bytes to read"), [&] {
      std::vector<std::future<void>> others;
      const std::size_t parts = std::clamp<std::size_t>(into.size() / kRange, 1, kMostConnections);
      const std::size_t part = (into.size() + parts - 1) / parts;
      for (std::size_t first = part; first < into.size(); first += part) {
        others.push_back(std::async(std::launch::async, [this, offset, into, first, part] {
          read_part(offset + static_cast<std::int64_t>(first),
                    into.subspan(first, std::min(part, into.size() - first)));
        }));
      }
      read_part(offset, into.first(std::min(part, into.size())));
      for (std::future<void>& other : others) {
        other.get();
      }
    });
  }

  void stream(std::int64_t offset, std::int64_t count, const UseBytes& use) const override {
    as_storage(*hdfs_, path_, str(size_, " bytes to read"),
               [&] { hdfs_->read(path_, offset, count, use); });
  }

 private:
  static constexpr std::size_t kRange = std::size_t{32} << 20;
  static constexpr std::size_t kMostConnections = 4;

  void read_part(std::int64_t offset, std::span<char> into) const {
    hdfs_->read(path_, offset, std::ssize(into), [&](std::span<const char> bytes) {
      std::copy(bytes.begin(), bytes.end(), into.begin());
      into = into.subspan(bytes.size());
    });
  }

  std::shared_ptr<WebHdfs> hdfs_;
  std::string path_;
  std::string name_;
  std::int64_t size_;
};

class HdfsAppender final : public FileAppender {
 public:
  HdfsAppender(std::shared_ptr<WebHdfs> hdfs, std::string path, std::int64_t size)
      : hdfs_(std::move(hdfs)), path_(std::move(path)), size_(size) {}

  void append(std::span<const std::byte> bytes) override {
    if (bytes.empty()) {
      return;
    }
    as_storage(*hdfs_, path_, str("room for ", bytes.size(), " bytes"),
               [&] { hdfs_->append(path_, size_, bytes); });
    size_ += std::ssize(bytes);
  }

 private:
  std::shared_ptr<WebHdfs> hdfs_;
  std::string path_;
  std::int64_t size_;
};

/// Hadoop's own variable, or else the user that the process runs as, whatever $USER says.
std::string user_name() {
  const char* name = std::getenv("HADOOP_USER_NAME");
  if (name != nullptr && *name != '\0') {
    return name;
  }
  passwd entry{};
  passwd* found = nullptr;
  std::vector<char> memory(std::size_t{16} << 10);
  while (getpwuid_r(geteuid(), &entry, memory.data(), memory.size(), &found) == ERANGE) {
    memory.resize(2 * memory.size());
  }
  return found == nullptr ? str(geteuid()) : found->pw_name;
}

/// "host:port", with the usual port of a NameNode's HTTP server.
std::string http_node(const Uri& uri) {
  constexpr const char* kPort = "9870";
  constexpr const char* kTlsPort = "9871";
  const std::size_t colon = uri.authority.rfind(':');
  const std::string host = uri.authority.substr(0, colon);
  DGA_CHECK(!host.empty() && uri.authority.find('@') == std::string::npos, "[storage] ", uri.scheme,
            "://", printable(uri.authority), ": expected a host, found ",
            host.empty() ? "none" : "a user",
            ". Write hdfs://HOST:PORT/PATH; HADOOP_USER_NAME is the user.");
  if (uri.scheme == "hdfs") {  // its port is that of another protocol
    const char* http = std::getenv("DGA_HDFS_HTTP");
    return http != nullptr && *http != '\0' ? std::string(http) : str(host, ':', kPort);
  }
  return colon != std::string::npos ? uri.authority
                                    : str(host, ':', uri.scheme == "swebhdfs" ? kTlsPort : kPort);
}

}  // namespace

std::shared_ptr<const Store> hdfs_store(const Uri& uri) {
  static std::mutex mutex;  // guards `stores`
  static std::map<std::string, std::shared_ptr<const Store>> stores;
  const std::string shown = str(uri.scheme, "://", uri.authority);
  const std::string node = http_node(uri);
  const std::string user = user_name();
  const std::lock_guard lock(mutex);
  auto& store = stores[str(shown, ' ', node, ' ', user)];
  if (store == nullptr) {
    store = std::make_shared<const HdfsStore>(
        HdfsAddress{.shown = shown,
                    .scheme = uri.scheme == "swebhdfs" ? "https" : "http",
                    .nodes = {node},
                    .user = user});
  }
  return store;
}

void as_storage(const WebHdfs& hdfs, const std::string& path, const std::string& wanted,
                const std::function<void()>& use) {
  try {
    use();
  } catch (const HdfsRefusal& refusal) {
    throw StorageError(str("[storage] ", hdfs.address().shown, printable(path, 4096), ": expected ",
                           wanted, ", found \"", printable(refusal.what(), 300), "\"",
                           refusal.exception.empty() ? "" : str(" (", refusal.exception, ")"), ". ",
                           remedy_for(refusal.exception)));
  }
}

void rename_in(WebHdfs& hdfs, const std::string& from, const std::string& to) {
  as_storage(hdfs, from, str("to rename it to ", to), [&] {
    const auto before = hdfs.status(from);
    try {
      hdfs.call("PUT", from, "RENAME", {{"destination", to}, {"renameoptions", "OVERWRITE"}});
    } catch (const HdfsRefusal&) {
      // A lost answer was followed by another attempt, which found nothing to rename.
      const auto after = before ? hdfs.status(to) : std::nullopt;
      if (!after || after->at("fileId") != before->at("fileId")) {
        throw;
      }
    }
  });
}

HdfsStore::HdfsStore(HdfsAddress address) : hdfs_(std::make_shared<WebHdfs>(std::move(address))) {}

std::optional<FileStatus> HdfsStore::status(const std::string& path) const {
  std::optional<FileStatus> result;
  as_storage(*hdfs_, path, "a readable folder or file", [&] {
    if (const auto found = hdfs_->status(path)) {
      result = status_from(*found);
    }
  });
  return result;
}

std::vector<Entry> HdfsStore::list(const std::string& path) const {
  std::vector<Entry> entries;
  as_storage(*hdfs_, path, "a readable folder", [&] {
    WebHdfs::Parameters start;
    while (true) {  // a NameNode lists a thousand names at a time
      const Json answer =
          hdfs_->call("GET", path, "LISTSTATUS_BATCH", start).at("DirectoryListing");
      const Json& page = answer.at("partialListing").at("FileStatuses").at("FileStatus");
      for (const Json& item : page) {
        entries.push_back({item.at("pathSuffix").get<std::string>(), status_from(item)});
      }
      if (answer.at("remainingEntries").get<std::int64_t>() == 0 || page.empty()) {
        return;
      }
      start = {{"startAfter", entries.back().name}};
    }
  });
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return a.name < b.name; });
  return entries;
}

SourcePtr HdfsStore::open(const std::string& path) const {
  const auto found = status(path);
  if (!found || !found->is_file()) {
    throw StorageError(str("[storage] ", hdfs_->address().shown, printable(path, 4096),
                           ": expected a readable file, found ", found ? "a folder" : "nothing",
                           " there. Check the path."));
  }
  return std::make_shared<HdfsFile>(hdfs_, path, found->size);
}

std::unique_ptr<FileWriter> HdfsStore::create(const std::string& path) const {
  return std::make_unique<HdfsFileWriter>(hdfs_, path);
}

std::unique_ptr<FileAppender> HdfsStore::append(const std::string& path) const {
  const auto found = status(path);
  if (!found) {
    as_storage(*hdfs_, path, "to write the file", [&] { hdfs_->write(path, {}); });
  }
  return std::make_unique<HdfsAppender>(hdfs_, path, found ? found->size : 0);
}

void HdfsStore::truncate(const std::string& path, std::int64_t size) const {
  as_storage(*hdfs_, path, "to shorten the file", [&] { hdfs_->truncate(path, size); });
}

bool HdfsStore::make_folder(const std::string& path) const {
  if (status(path)) {
    return false;
  }
  as_storage(*hdfs_, path, "to create the folder", [&] { hdfs_->call("PUT", path, "MKDIRS"); });
  return true;
}

void HdfsStore::rename(const std::string& from, const std::string& to) const {
  rename_in(*hdfs_, from, to);
}

bool HdfsStore::remove(const std::string& path) const {
  const bool there = status(path).has_value();
  as_storage(*hdfs_, path, "to remove it", [&] { hdfs_->call("DELETE", path, "DELETE"); });
  return there;
}

void HdfsStore::remove_abandoned(const std::string& folder) const noexcept {
  try {
    for (const Entry& entry : list(folder)) {
      if (is_abandoned_hdfs_file(entry.name)) {
        remove(folder + "/" + entry.name);
      }
    }
  } catch (const std::exception&) {
    // What cannot be listed or removed stays.
  }
}

std::string HdfsStore::canonical(const std::string& path) const {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    const std::string part = path.substr(at, end - at);
    if (part == ".." && !parts.empty()) {
      parts.pop_back();
    } else if (!part.empty() && part != "." && part != "..") {
      parts.push_back(part);
    }
    at = end + 1;
  }
  std::string whole;
  for (const std::string& part : parts) {
    whole += "/" + part;
  }
  return whole.empty() ? "/" : whole;
}

}  // namespace dga
