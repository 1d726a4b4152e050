// SPDX-License-Identifier: Apache-2.0

#include "dga/storage/hdfs/hdfs_store.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "dga/base/error.h"
#include "dga/storage/hdfs/hdfs.h"
#include "dga/storage/hdfs/hdfs_file.h"
#include "dga/storage/hdfs/hdfs_file_writer.h"
#include "dga/storage/store_path.h"

namespace dga {
namespace {

using Json = WebHdfs::Json;

std::string remedy_for(const HdfsRefusal& refusal, const WebHdfs& hdfs) {
  const HdfsIdentity& identity = hdfs.identity();
  const std::string& exception = refusal.exception;
  if (exception == "AccessControlException") {
    return identity.token || identity.kerberos ? "Ask for the permission."
                                               : "Ask for the permission, or set HADOOP_USER_NAME.";
  }
  if (exception == "InvalidToken") {
    const std::string reason = hdfs.not_renewed();
    return str("Store a new delegation token in ",
               identity.token ? printable(identity.token->file(), 4096) : "DGA_HDFS_TOKEN_FILE",
               ".",
               reason.empty() ? ""
                              : str(" This one could not be renewed: \"", printable(reason, 300),
                                    "\"; that takes a ticket (kinit) of its renewer."));
  }
  if (refusal.http_status == 401) {
    return identity.kerberos
               ? "Get a Kerberos ticket with kinit."
               : "Get a Kerberos ticket with kinit and set HADOOP_AUTHENTICATION=kerberos, or name "
                 "the file of a delegation token in DGA_HDFS_TOKEN_FILE.";
  }
  if (exception == "FileNotFoundException") {
    return "Check the path.";
  }
  if (exception.find("Quota") != std::string::npos) {
    return "Remove files, or ask for a larger quota.";
  }
  if (exception.empty()) {  // the answer of another server, such as the one for Hadoop's protocol
    return str("Check that the HTTP server of a NameNode listens at ", hdfs.address().nodes.front(),
               ".");
  }
  return "See the log of the NameNode.";
}

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

/// The variables that decide which HDFS is asked, and how.
constexpr std::array<const char*, 9> kVariables{
    "DGA_HDFS_HTTP",       "DGA_HDFS_CA",           "DGA_HDFS_STALL_S",
    "DGA_HDFS_TOKEN_FILE", "HADOOP_AUTHENTICATION", "HADOOP_CONF_DIR",
    "HADOOP_HOME",         "HADOOP_USER_NAME",      "HADOOP_TOKEN_FILE_LOCATION"};

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

HttpSettings http_settings() {
  HttpSettings settings;
  settings.ca_file = variable("DGA_HDFS_CA");
  if (!settings.ca_file.empty()) {
    const auto found = StorePath(settings.ca_file).status();
    if (!found || !found->is_file()) {
      throw StorageError(str("[storage] DGA_HDFS_CA: expected a file of certificates, found ",
                             found ? "another kind of file" : "nothing", " at ",
                             printable(settings.ca_file, 4096), ". Correct the variable."));
    }
  }
  if (const std::string text = variable("DGA_HDFS_STALL_S"); !text.empty()) {
    int seconds = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size() || seconds < 1 ||
        seconds > 86400) {
      throw StorageError(
          str("[storage] DGA_HDFS_STALL_S: expected a number of seconds from 1 to "
              "86400, found \"",
              printable(text), "\". Correct the variable."));
    }
    settings.stall_s = seconds;
  }
  return settings;
}

}  // namespace

std::shared_ptr<const Store> hdfs_store(const Uri& uri) {
  static std::mutex mutex;  // guards `stores`
  static std::map<std::string, std::shared_ptr<const Store>> stores;
  std::string key = str(uri.scheme, "://", uri.authority);
  for (const char* const name : kVariables) {
    key += '\n' + variable(name);
  }
  const std::lock_guard lock(mutex);
  auto& store = stores[key];
  if (store == nullptr) {
    const HadoopConf conf = HadoopConf::load();
    HdfsAddress address = hdfs_address(uri, conf);
    HdfsIdentity identity = hdfs_identity(address, conf);
    store = std::make_shared<const HdfsStore>(
        std::make_shared<WebHdfs>(std::move(address), std::move(identity), http_settings()));
  }
  return store;
}

void as_storage(const WebHdfs& hdfs, const std::string& path, const std::string& wanted,
                const std::function<void()>& use) {
  const std::string where = str("[storage] ", hdfs.address().shown, printable(path, 4096));
  try {
    use();
  } catch (const HdfsRefusal& refusal) {
    throw StorageError(str(where, ": expected ", wanted, ", found \"",
                           printable(refusal.what(), 300), "\"",
                           refusal.exception.empty() ? "" : str(" (", refusal.exception, ")"), ". ",
                           remedy_for(refusal, hdfs)));
  } catch (const Json::exception&) {
    throw StorageError(str(where, ": expected ", wanted,
                           ", found an answer that is not WebHDFS's. "
                           "Check that a NameNode listens at ",
                           hdfs.address().nodes.front(), "."));
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

FileStatus status_from(const Json& json) {
  FileStatus status{
      .kind = json.at("type") == "DIRECTORY" ? FileStatus::Kind::folder : FileStatus::Kind::file,
      .size = json.at("length").get<std::int64_t>(),
      .identity = str(json.value("fileId", std::int64_t{0}))};
  if (status.size < 0) {
    throw HdfsRefusal(200, "", "a negative length");
  }
  status.version =
      str(status.identity, ' ', status.size, ' ', json.value("modificationTime", std::int64_t{0}));
  status.stamp = status.version;
  return status;
}

HdfsStore::HdfsStore(std::shared_ptr<WebHdfs> hdfs) : hdfs_(std::move(hdfs)) {}

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
    std::set<std::string> starts;
    while (true) {  // a NameNode lists a thousand names at a time, in an order of its own
      const Json answer =
          hdfs_->call("GET", path, "LISTSTATUS_BATCH", start).at("DirectoryListing");
      const Json& page = answer.at("partialListing").at("FileStatuses").at("FileStatus");
      for (const Json& item : page) {
        std::string name = item.at("pathSuffix").get<std::string>();
        if (name.empty() || name == "." || name == ".." || name.find('/') != std::string::npos) {
          throw HdfsRefusal(200, "", "a list with the name '" + name + "'");  // leads elsewhere
        }
        entries.push_back({std::move(name), status_from(item)});
      }
      if (answer.at("remainingEntries").get<std::int64_t>() == 0 || page.empty()) {
        break;
      }
      if (!starts.insert(entries.back().name).second) {
        throw HdfsRefusal(200, "", "a list that comes again and again");
      }
      start = {{"startAfter", entries.back().name}};
    }
  });
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return a.name < b.name; });
  return entries;
}

SourcePtr HdfsStore::open(const std::string& path) const {
  SourcePtr file;
  as_storage(*hdfs_, path, "a readable file", [&] {
    const auto found = hdfs_->status(path);
    if (!found || !status_from(*found).is_file()) {
      throw StorageError(str("[storage] ", hdfs_->address().shown, printable(path, 4096),
                             ": expected a readable file, found ", found ? "a folder" : "nothing",
                             " there. Check the path."));
    }
    file = hdfs_file(hdfs_, path, *found);
  });
  return file;
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
