// SPDX-License-Identifier: Apache-2.0

#include "dga/storage/hdfs/hdfs_file.h"

#include <algorithm>
#include <future>
#include <optional>
#include <utility>
#include <vector>

#include "dga/base/error.h"
#include "dga/storage/hdfs/file_checksum.h"
#include "dga/storage/hdfs/hdfs_store.h"

namespace dga {
namespace {

/// Long reads are cut into ranges, which go over several connections.
class HdfsFile final : public ByteSource {
 public:
  HdfsFile(std::shared_ptr<WebHdfs> hdfs, std::string path, const WebHdfs::Json& opened)
      : hdfs_(std::move(hdfs)),
        path_(std::move(path)),
        name_(printable(hdfs_->address().shown + path_, 4096)),
        opened_(status_from(opened)),
        // HDFS sums up what lies on its disks: there, these have other bytes in another order.
        has_plain_blocks_(!opened.value("encBit", false) && !opened.value("ecBit", false)) {}

  const std::string& name() const override { return name_; }
  std::int64_t size() const override { return opened_.size; }

  int reads_at_a_time() const noexcept override { return static_cast<int>(kMostConnections); }

  void read(std::int64_t offset, std::span<char> into) const override {
    if (into.empty()) {
      return;
    }
    unchanged_after([&] {
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
    if (count == 0) {
      return;
    }
    std::optional<FileChecksum> checksum;
    unchanged_after([&] {
      if (has_plain_blocks_ && offset == 0 && count == opened_.size) {
        checksum = FileChecksum::of(*hdfs_, path_, count);
      }
      hdfs_->read(path_, offset, count, [&](std::span<const char> bytes) {
        if (checksum) {
          checksum->add(std::as_bytes(bytes));
        }
        use(bytes);
      });
    });
    if (checksum && !checksum->matches()) {
      throw StorageError(str("[storage] ", name_,
                             ": expected bytes with the checksum that HDFS has "
                             "stored, found others. Read the file again; if this repeats, check it "
                             "with hdfs fsck."));
    }
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

  /// Calls `reading`. A file that is now another one is the reason that counts, whether that failed
  /// or not.
  template <typename Reading>
  void unchanged_after(const Reading& reading) const {
    as_storage(*hdfs_, path_, str(opened_.size, " bytes to read"), [&] {
      try {
        reading();
      } catch (const HdfsRefusal&) {
        check_unchanged();
        throw;
      }
      check_unchanged();
    });
  }

  void check_unchanged() const {
    const auto now = hdfs_->status(path_);
    if (!now || status_from(*now).version != opened_.version) {
      throw StorageError(str("[storage] ", name_, ": expected the file that was opened, found ",
                             now ? "that it has changed since" : "nothing there",
                             ". Read it again when nobody writes it."));
    }
  }

  std::shared_ptr<WebHdfs> hdfs_;
  std::string path_;
  std::string name_;
  FileStatus opened_;
  bool has_plain_blocks_;
};

}  // namespace

SourcePtr hdfs_file(std::shared_ptr<WebHdfs> hdfs, std::string path, const WebHdfs::Json& opened) {
  return std::make_shared<HdfsFile>(std::move(hdfs), std::move(path), opened);
}

}  // namespace dga
