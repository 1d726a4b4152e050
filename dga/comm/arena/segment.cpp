// SPDX-License-Identifier: Apache-2.0

#include "dga/comm/arena/segment.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

#include "dga/base/descriptor.h"
#include "dga/base/error.h"

namespace dga {
namespace {

// A heap segment is preceded by a page that begins with the number of its holders. It is a whole
// page so that the data begins on a page boundary, like that of a mapped segment.
struct HeapHeader {
  std::atomic<int> holders;
};
constexpr std::size_t kHeaderBytes = 4096;

std::uint64_t next_id() noexcept {
  // The process in the upper half, a counter in the lower half: unique on the machine as long as
  // the workers share a PID namespace.
  static std::atomic<std::uint32_t> count{0};
  return (static_cast<std::uint64_t>(getpid()) << 32) | (count.fetch_add(1) + 1);
}

std::size_t heap_bytes(std::int64_t bytes) noexcept {
  return static_cast<std::size_t>(bytes) + kHeaderBytes;
}

[[noreturn]] void out_of_memory(std::int64_t bytes) {
  throw Error(str("[comm] allocate: expected ", bytes, " bytes of shared memory, found \"",
                  std::strerror(errno), "\". ",
                  errno == EFBIG
                      ? "Raise the limit on file sizes (ulimit -f), which counts here too."
                      : "Free memory or use fewer workers."));
}

std::byte* map_file(int fd, std::int64_t bytes) {
  void* data = mmap(nullptr, static_cast<std::size_t>(bytes), PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_NORESERVE, fd, 0);
  return data == MAP_FAILED ? nullptr : static_cast<std::byte*>(data);
}

}  // namespace

Segment Segment::create(MemoryKind kind, std::int64_t bytes, int holders) {
  Segment segment;
  segment.kind_ = kind;
  segment.handle_.id = next_id();
  segment.handle_.bytes = bytes;
  if (kind == MemoryKind::heap) {
    void* block = mmap(nullptr, heap_bytes(bytes), PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (block == MAP_FAILED) {
      out_of_memory(bytes);
    }
    new (block) HeapHeader{holders};
    segment.data_ = static_cast<std::byte*>(block) + kHeaderBytes;
    segment.handle_.address = segment.data_;
    return segment;
  }
  const int fd = above_standard(memfd_create("dga", MFD_CLOEXEC));
  if (fd < 0 || ftruncate(fd, bytes) != 0) {
    const int error = errno;
    if (fd >= 0) {
      close(fd);
    }
    errno = error;
    out_of_memory(bytes);
  }
  segment.data_ = map_file(fd, bytes);
  if (segment.data_ == nullptr) {
    const int error = errno;
    close(fd);
    errno = error;
    out_of_memory(bytes);
  }
  segment.handle_.owner = getpid();
  segment.handle_.fd = fd;
  segment.created_ = true;
  return segment;
}

Segment Segment::attach(MemoryKind kind, const SegmentHandle& handle) {
  Segment segment;
  segment.kind_ = kind;
  segment.handle_ = handle;
  if (kind == MemoryKind::heap) {
    segment.data_ = static_cast<std::byte*>(handle.address);
    return segment;
  }
  const std::string path = str("/proc/", handle.owner, "/fd/", handle.fd);
  const int fd = above_standard(open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (fd >= 0) {
    segment.data_ = map_file(fd, handle.bytes);
  }
  if (segment.data_ == nullptr) {
    const int error = errno;
    if (fd >= 0) {
      close(fd);
    }
    throw Error(str("[comm] shared memory: expected to open ", path, " of worker process ",
                    handle.owner, ", found \"", std::strerror(error),
                    "\". Run the workers of a node as one user in one container, or let them use "
                    "messages with --ranks-per-node 1."));
  }
  close(fd);
  return segment;
}

Segment::Segment(Segment&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      handle_(std::exchange(other.handle_, {})),
      kind_(other.kind_),
      created_(std::exchange(other.created_, false)) {}

Segment& Segment::operator=(Segment&& other) noexcept {
  if (this != &other) {
    release();
    data_ = std::exchange(other.data_, nullptr);
    handle_ = std::exchange(other.handle_, {});
    kind_ = other.kind_;
    created_ = std::exchange(other.created_, false);
  }
  return *this;
}

Segment::~Segment() {
  release();
}

void Segment::release() noexcept {
  if (data_ == nullptr) {
    return;
  }
  if (kind_ == MemoryKind::heap) {
    void* block = data_ - kHeaderBytes;
    // acq_rel: each holder's accesses happen before the last holder unmaps the memory.
    if (static_cast<HeapHeader*>(block)->holders.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      munmap(block, heap_bytes(handle_.bytes));
    }
  } else {
    munmap(data_, static_cast<std::size_t>(handle_.bytes));
    if (created_ && handle_.owner == getpid()) {  // not in a forked copy
      close(handle_.fd);
    }
  }
  data_ = nullptr;
}

}  // namespace dga
