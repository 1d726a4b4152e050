// SPDX-License-Identifier: Apache-2.0

#include "dga/storage/checked_source.h"

#include <utility>

#include "dga/base/error.h"
#include "dga/storage/run_folder.h"

namespace dga {
namespace {

[[noreturn]] void refuse_contents(const std::string& name, const std::string& expected,
                                  const std::string& found) {
  throw StorageError(str("[storage] ", name, ": expected ", expected, ", as ", kManifestFile,
                         " says, found ", found,
                         ". Copy the file again, or, if it was changed on "
                         "purpose, remove ",
                         kManifestFile, "."));
}

}  // namespace

CheckedSource::CheckedSource(SourcePtr file, std::optional<ContentSum> expected)
    : file_(std::move(file)), expected_(std::move(expected)) {
  if (expected_ && file_->size() != expected_->bytes) {
    refuse_contents(name(), str(expected_->bytes, " bytes"), str(file_->size()));
  }
}

void CheckedSource::read(std::int64_t offset, std::span<char> into) const {
  file_->read(offset, into);
  add(offset, into);
}

void CheckedSource::stream(std::int64_t offset, std::int64_t count, const UseBytes& use) const {
  file_->stream(offset, count, [&](std::span<const char> piece) {
    add(offset, piece);
    offset += std::ssize(piece);
    use(piece);
  });
}

void CheckedSource::check() const {
  if (!expected_) {
    return;
  }
  const std::lock_guard lock(mutex_);
  early_.clear();  // the bytes before them are missing
  early_bytes_ = 0;
  file_->stream(hash_.bytes(), size() - hash_.bytes(),
                [&](std::span<const char> piece) { hash_.add(std::as_bytes(piece)); });
  if (const ContentSum found = hash_.sum(); found != *expected_) {
    refuse_contents(name(), str("bytes with the checksum ", expected_->checksum), found.checksum);
  }
}

void CheckedSource::add(std::int64_t offset, std::span<const char> bytes) const {
  if (!expected_) {
    return;
  }
  constexpr std::size_t kMostEarly = std::size_t{64} << 20;
  const std::lock_guard lock(mutex_);
  if (offset > hash_.bytes()) {
    if (early_bytes_ + bytes.size() <= kMostEarly &&
        early_.try_emplace(offset, bytes.begin(), bytes.end()).second) {
      early_bytes_ += bytes.size();
    }
    return;
  }
  add_next(offset, bytes);
  while (!early_.empty() && early_.begin()->first <= hash_.bytes()) {
    const auto next = early_.begin();
    add_next(next->first, next->second);
    early_bytes_ -= next->second.size();
    early_.erase(next);
  }
}

void CheckedSource::add_next(std::int64_t offset, std::span<const char> bytes) const {
  const std::int64_t known = hash_.bytes() - offset;  // bytes that were read before
  if (known < std::ssize(bytes)) {
    hash_.add(std::as_bytes(bytes.subspan(static_cast<std::size_t>(known))));
  }
}

}  // namespace dga
