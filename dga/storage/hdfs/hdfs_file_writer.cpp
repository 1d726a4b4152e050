// SPDX-License-Identifier: Apache-2.0

#include "dga/storage/hdfs/hdfs_file_writer.h"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <utility>

#include "dga/base/error.h"
#include "dga/base/machine_info.h"
#include "dga/storage/hdfs/hdfs_store.h"
#include "dga/storage/store_path.h"

namespace dga {
namespace {

constexpr std::size_t kPart = std::size_t{128} << 20;  // the usual block of an HDFS

/// Reserves memory, in huge pages if the kernel has some. Small ones of a long file take as much
/// time as a copy of it.
void make_room(std::vector<std::byte>& part, std::size_t bytes) {
  constexpr std::uintptr_t kHugePage = std::uintptr_t{2} << 20;
  part.reserve(bytes);
  const auto begin = reinterpret_cast<std::uintptr_t>(part.data());
  const std::uintptr_t first = (begin + kHugePage - 1) / kHugePage * kHugePage;
  const std::uintptr_t last = (begin + part.capacity()) / kHugePage * kHugePage;
  if (first < last) {
    // It may fail, which only affects the speed.
    madvise(part.data() + (first - begin), last - first, MADV_HUGEPAGE);
  }
}

}  // namespace

HdfsFileWriter::HdfsFileWriter(std::shared_ptr<WebHdfs> hdfs, std::string path)
    : hdfs_(std::move(hdfs)), path_(std::move(path)) {
  static std::atomic<unsigned> counter{0};
  const std::string name = file_name(path_);
  stem_ = str(path_.substr(0, path_.size() - name.size()), '.', name, '.', host_name(), '-',
              ::getpid(), '-', counter.fetch_add(1, std::memory_order_relaxed), '-');
  as_storage(*hdfs_, path_, "a file to write or nothing", [&] {
    const auto found = hdfs_->status(path_);
    if (found && found->at("type") == "DIRECTORY") {
      throw StorageError(
          str("[storage] ", hdfs_->address().shown, printable(path_, 4096),
              ": expected a file to write or nothing, found a folder. Name a file."));
    }
  });
}

HdfsFileWriter::~HdfsFileWriter() {
  if (committed_) {
    return;
  }
  try {
    wait_for_sent(0);
  } catch (const std::exception&) {
    // It is removed all the same.
  }
  for (std::size_t number = 0; number < parts_; ++number) {
    try {
      hdfs_->call("DELETE", part(number), "DELETE");
    } catch (const std::exception&) {
      // remove_abandoned will find it.
    }
  }
}

std::string HdfsFileWriter::part(std::size_t number) const {
  return str(stem_, number, kTemporarySuffix);
}

void HdfsFileWriter::reserve(std::int64_t bytes) {
  make_room(filling_, std::min(static_cast<std::size_t>(bytes), kPart));
}

void HdfsFileWriter::append(std::span<const std::byte> bytes) {
  size_ += std::ssize(bytes);
  while (!bytes.empty()) {
    if (filling_.size() == kPart) {
      send();
    }
    const std::size_t taken = std::min(bytes.size(), kPart - filling_.size());
    if (filling_.size() + taken > filling_.capacity() && parts_ > 0) {
      make_room(filling_, kPart);  // a long file: no growing in steps
    }
    const auto first = bytes.first(taken);
    filling_.insert(filling_.end(), first.begin(), first.end());
    bytes = bytes.subspan(taken);
  }
}

void HdfsFileWriter::wait_for_sent(std::size_t most) {
  while (sent_.size() > most) {
    auto oldest = std::move(sent_.front());
    sent_.pop_front();
    spare_ = oldest.get();
  }
}

void HdfsFileWriter::send() {
  constexpr std::size_t kUnderWay = 2;  // closing a file takes time in which another one is sent
  wait_for_sent(kUnderWay - 1);
  sent_.push_back(std::async(std::launch::async,
                             [this, to = part(parts_++), bytes = std::move(filling_)]() mutable {
                               as_storage(*hdfs_, path_, str("room for ", bytes.size(), " bytes"),
                                          [&] { hdfs_->write(to, bytes); });
                               return std::move(bytes);
                             }));
  filling_ = std::exchange(spare_, {});
  filling_.clear();
}

void HdfsFileWriter::commit() {
  if (!filling_.empty() || parts_ == 0) {
    send();
  }
  wait_for_sent(0);
  as_storage(*hdfs_, path_, "to write the file", [&] {
    if (parts_ > 1) {
      std::string sources;
      for (std::size_t number = 1; number < parts_; ++number) {
        sources += (sources.empty() ? "" : ",") + part(number);
      }
      try {
        hdfs_->call("POST", part(0), "CONCAT", {{"sources", sources}});
      } catch (const HdfsRefusal&) {
        // A lost answer was followed by another attempt, which found the parts gone.
        const auto found = hdfs_->status(part(0));
        if (!found || found->at("length").get<std::int64_t>() != size_) {
          throw;
        }
      }
    }
    const auto found = hdfs_->status(part(0));
    const std::int64_t size = found ? found->at("length").get<std::int64_t>() : -1;
    if (size != size_) {
      throw StorageError(str("[storage] ", hdfs_->address().shown, printable(path_, 4096),
                             ": expected ", size_, " bytes after writing them, found ", size,
                             ". Write the file again."));
    }
    rename_in(*hdfs_, part(0), path_);
  });
  committed_ = true;
}

bool is_abandoned_hdfs_file(std::string_view name) {
  if (!name.starts_with('.') || !name.ends_with(kTemporarySuffix)) {
    return false;
  }
  // ".NAME.HOST-PID-N-PART": from the end, for NAME and HOST may have hyphens.
  std::string_view rest = name.substr(0, name.size() - kTemporarySuffix.size());
  std::array<int, 3> numbers{};  // PART, N, PID
  for (int& number : numbers) {
    const std::size_t hyphen = rest.rfind('-');
    if (hyphen == std::string_view::npos) {
      return false;
    }
    const char* end = rest.data() + rest.size();
    const auto parsed = std::from_chars(rest.data() + hyphen + 1, end, number);
    if (parsed.ec != std::errc{} || parsed.ptr != end) {
      return false;
    }
    rest = rest.substr(0, hyphen);
  }
  const pid_t process = numbers.back();
  return rest.ends_with("." + host_name()) && process > 0 && ::kill(process, 0) != 0 &&
         errno == ESRCH;
}

}  // namespace dga
