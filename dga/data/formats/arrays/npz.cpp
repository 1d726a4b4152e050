// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/arrays/npz.h"

#include <zip.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "dga/base/error.h"
#include "dga/data/formats/arrays/array_pairs.h"
#include "dga/data/formats/arrays/npy.h"
#include "dga/storage/store_path.h"

namespace dga {
namespace {

constexpr std::string_view kEnding = ".npy";

[[noreturn]] void refuse_zip(const ByteSource& file, const std::string& found) {
  throw DataError(str(file.name(),
                      ": expected a zip file of arrays as numpy.savez writes it, found ", found,
                      ". Save or copy it again."));
}

/// A zip file that is read through a ByteSource.
class ZipFile {
 public:
  explicit ZipFile(SourcePtr file) : file_(std::move(file)) {
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t* source = zip_source_function_create(&ZipFile::serve, this, &error);
    if (source == nullptr) {
      zip_error_fini(&error);
      throw std::bad_alloc();
    }
    archive_ = zip_open_from_source(source, ZIP_RDONLY, &error);
    const std::string text = archive_ == nullptr ? zip_error_strerror(&error) : "";
    zip_error_fini(&error);
    if (archive_ == nullptr) {
      zip_source_free(source);
      rethrow_failure();
      refuse_zip(*file_, str("\"", text, "\""));
    }
  }
  ~ZipFile() { zip_discard(archive_); }
  ZipFile(const ZipFile&) = delete;
  ZipFile& operator=(const ZipFile&) = delete;

  std::vector<std::string> names() {
    std::vector<std::string> names;
    const zip_int64_t count = zip_get_num_entries(archive_, 0);
    for (zip_int64_t i = 0; i < count; ++i) {
      const char* name = zip_get_name(archive_, static_cast<zip_uint64_t>(i), 0);
      names.emplace_back(name == nullptr ? "" : name);
    }
    return names;
  }

  std::string unpack(const std::string& name) {
    zip_stat_t status;
    zip_stat_init(&status);
    const auto guard = [&](bool fine) {
      if (!fine) {
        rethrow_failure();
        refuse_zip(*file_, str("\"", zip_strerror(archive_), "\" in ", printable(name)));
      }
    };
    guard(zip_stat(archive_, name.c_str(), 0, &status) == 0);
    const std::unique_ptr<zip_file_t, int (*)(zip_file_t*)> member(
        zip_fopen(archive_, name.c_str(), 0), &zip_fclose);
    guard(member != nullptr);
    // Grows with what is there, since the size that a damaged file claims may be any.
    std::string bytes;
    constexpr std::size_t kPiece = std::size_t{4} << 20;
    while (bytes.size() <= status.size) {
      const std::size_t before = bytes.size();
      bytes.resize(before + std::min<std::size_t>(kPiece, status.size - before + 1));
      const zip_int64_t read =
          zip_fread(member.get(), bytes.data() + before, bytes.size() - before);
      bytes.resize(before + static_cast<std::size_t>(std::max<zip_int64_t>(read, 0)));
      if (read < 0) {
        rethrow_failure();
        refuse_zip(*file_, str("\"", zip_file_strerror(member.get()), "\" in ", printable(name)));
      }
      if (read == 0) {
        break;
      }
    }
    if (bytes.size() != status.size) {
      refuse_zip(*file_, str("another size than its directory says in ", printable(name)));
    }
    return bytes;
  }

 private:
  /// What libzip asks of the file. Exceptions must not pass through libzip, so they wait.
  static zip_int64_t serve(void* self, void* data, zip_uint64_t size, zip_source_cmd_t command) {
    ZipFile& zip = *static_cast<ZipFile*>(self);
    switch (command) {
      case ZIP_SOURCE_SUPPORTS:
        return ZIP_SOURCE_SUPPORTS_SEEKABLE;
      case ZIP_SOURCE_OPEN:
        zip.at_ = 0;
        return 0;
      case ZIP_SOURCE_READ:
        return zip.read_next(static_cast<char*>(data), size);
      case ZIP_SOURCE_SEEK: {
        const zip_int64_t place = zip_source_seek_compute_offset(
            static_cast<zip_uint64_t>(zip.at_), static_cast<zip_uint64_t>(zip.file_->size()), data,
            size, &zip.error_);
        if (place >= 0) {
          zip.at_ = place;
        }
        return place < 0 ? -1 : 0;
      }
      case ZIP_SOURCE_TELL:
        return zip.at_;
      case ZIP_SOURCE_STAT: {
        auto* status = static_cast<zip_stat_t*>(data);
        zip_stat_init(status);
        status->valid = ZIP_STAT_SIZE;
        status->size = static_cast<zip_uint64_t>(zip.file_->size());
        return static_cast<zip_int64_t>(sizeof(*status));
      }
      case ZIP_SOURCE_ERROR:
        return zip_error_to_data(&zip.error_, data, size);
      case ZIP_SOURCE_CLOSE:
      case ZIP_SOURCE_FREE:
        return 0;
      default:
        zip_error_set(&zip.error_, ZIP_ER_OPNOTSUPP, 0);
        return -1;
    }
  }

  zip_int64_t read_next(char* into, zip_uint64_t size) {
    const std::int64_t rest = std::max<std::int64_t>(0, file_->size() - at_);
    const auto count =
        static_cast<std::size_t>(std::min<zip_uint64_t>(size, static_cast<zip_uint64_t>(rest)));
    try {
      file_->read(at_, {into, count});
    } catch (...) {
      failure_ = std::current_exception();
      zip_error_set(&error_, ZIP_ER_READ, 0);
      return -1;
    }
    at_ += static_cast<std::int64_t>(count);
    return static_cast<zip_int64_t>(count);
  }

  void rethrow_failure() const {
    if (failure_ != nullptr) {
      std::rethrow_exception(failure_);
    }
  }

  SourcePtr file_;
  zip_t* archive_ = nullptr;
  zip_error_t error_{};
  std::int64_t at_ = 0;
  std::exception_ptr failure_;
};

/// The names of the arrays, without the ending .npy.
std::vector<std::string> titles_in(const ByteSource& file, ZipFile& zip) {
  std::vector<std::string> titles;
  for (const std::string& name : zip.names()) {
    if (!name.ends_with(kEnding)) {
      refuse_zip(file, str("the member ", printable(name), ", which is no .npy array"));
    }
    titles.push_back(name.substr(0, name.size() - kEnding.size()));
  }
  std::vector<std::string> sorted = titles;
  std::sort(sorted.begin(), sorted.end());
  if (titles.empty() || std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end()) {
    refuse_zip(file, titles.empty() ? "no member" : "two members of one name");
  }
  return titles;
}

}  // namespace

bool is_npz(const ByteSource&, std::string_view head) {
  return head.starts_with("PK\x03\x04") || head.starts_with("PK\x05\x06");
}

bool npz_holds(const SourcePtr& file, FileUse set) {
  ZipFile zip(file);
  return has_set(titles_in(*file, zip), set);
}

ArrayPairs npz_arrays(std::span<const SourcePtr> files, const ReadOptions& options) {
  std::vector<std::vector<StoredArray>> groups;
  for (const SourcePtr& file : files) {
    ZipFile zip(file);
    std::vector<StoredArray> arrays;
    for (const std::string& title : titles_of_set(titles_in(*file, zip), file->name(), options)) {
      const std::string place = str(file->name(), ": ", printable(title));
      arrays.push_back(read_npy_header(source_of(place, zip.unpack(title + std::string(kEnding))),
                                       title, place));
    }
    groups.push_back(std::move(arrays));
  }
  return pair_arrays(std::move(groups), "an array", options);
}

}  // namespace dga
