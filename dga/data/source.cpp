// SPDX-License-Identifier: Apache-2.0

#include "dga/data/source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "dga/base/descriptor.h"
#include "dga/base/error.h"
#include "dga/data/formats/gzip.h"

namespace dga {
namespace {

/// Opens the file anew for each read, so that a folder of ten thousand files needs few descriptors.
class FileSource : public ByteSource {
 public:
  FileSource(std::string path, std::int64_t size)
      : path_(std::move(path)), name_(printable(path_, 4096)), size_(size) {}

  const std::string& name() const override { return name_; }
  std::int64_t size() const override { return size_; }

  void read(std::int64_t offset, std::span<char> into) const override {
    const int file = above_standard(open(path_.c_str(), O_RDONLY | O_CLOEXEC));
    if (file < 0) {
      fail(errno);
    }
    std::size_t done = 0;
    while (done < into.size()) {
      const ssize_t count = pread(file, into.data() + done, into.size() - done,
                                  static_cast<off_t>(offset) + static_cast<off_t>(done));
      if (count < 0 && errno == EINTR) {
        continue;
      }
      if (count <= 0) {
        const int error = errno;
        close(file);
        if (count < 0) {
          fail(error);
        }
        throw DataError(str(name_, ": expected ", size_,
                            " bytes, found fewer while reading. Do not "
                            "change the file while it is read."));
      }
      done += static_cast<std::size_t>(count);
    }
    close(file);
  }

 private:
  [[noreturn]] void fail(int error) const {
    throw DataError(str(name_, ": expected a readable file, found \"", std::strerror(error),
                        "\". Check its permissions and its disk."));
  }

  std::string path_;
  std::string name_;
  std::int64_t size_;
};

class MemorySource : public ByteSource {
 public:
  MemorySource(std::string name, std::string bytes)
      : name_(std::move(name)), bytes_(std::move(bytes)) {}

  const std::string& name() const override { return name_; }
  std::int64_t size() const override { return static_cast<std::int64_t>(bytes_.size()); }
  void read(std::int64_t offset, std::span<char> into) const override {
    if (!into.empty()) {
      std::memcpy(into.data(), bytes_.data() + offset, into.size());
    }
  }

 private:
  std::string name_;
  std::string bytes_;
};

}  // namespace

SourcePtr open_file(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) {
    throw DataError(str(printable(path, 4096), ": expected a file, found \"", std::strerror(errno),
                        "\". Check the path."));
  }
  if (!S_ISREG(info.st_mode)) {
    throw DataError(str(printable(path, 4096),
                        ": expected a regular file, found something else. "
                        "Copy the data into a file."));
  }
  auto file = std::make_shared<FileSource>(path, info.st_size);
  if (is_gzip(*file)) {
    return source_of(file->name(), gunzip(*file));
  }
  return file;
}

SourcePtr source_of(std::string name, std::string bytes) {
  return std::make_shared<MemorySource>(std::move(name), std::move(bytes));
}

std::string printable(std::string_view text, std::size_t most) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  for (const char c : text.substr(0, most)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7f) {
      out += c;
    } else {
      out += "\\x";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  return text.size() > most ? out + "..." : out;
}

}  // namespace dga
