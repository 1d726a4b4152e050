// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/gzip.h"

#include <zlib.h>

#include <new>
#include <span>
#include <vector>

#include "dga/base/error.h"

namespace dga {
namespace {

constexpr std::size_t kChunk = std::size_t{1} << 18;

/// Owns zlib's state.
struct Inflater {
  z_stream stream{};
  Inflater() {
    constexpr int kGzipOnly = 16 + MAX_WBITS;
    if (inflateInit2(&stream, kGzipOnly) != Z_OK) {
      throw std::bad_alloc();
    }
  }
  ~Inflater() { inflateEnd(&stream); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
};

[[noreturn]] void fail(const ByteSource& source, const char* found) {
  throw DataError(str(source.name(), ": expected a whole gzip file, found ", found,
                      ". Copy or download it again."));
}

}  // namespace

bool is_gzip(const ByteSource& source) {
  char magic[2] = {};
  if (source.size() < 2) {
    return false;
  }
  source.read(0, magic);
  return magic[0] == '\x1f' && magic[1] == '\x8b';
}

std::string gunzip(const ByteSource& source) {
  Inflater inflater;
  z_stream& stream = inflater.stream;
  std::vector<char> unpacked(kChunk);
  std::string out;
  bool member_done = false;
  source.stream(0, source.size(), [&](std::span<const char> packed) {
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    stream.avail_in = static_cast<uInt>(packed.size());
    while (stream.avail_in > 0 || (!member_done && stream.avail_out == 0)) {
      if (member_done) {
        if (*stream.next_in == 0) {  // padding, as of tapes and of blocks
          ++stream.next_in;
          --stream.avail_in;
          continue;
        }
        inflateReset(&stream);  // another member follows; if it is not gzip, inflate fails
        member_done = false;
      }
      stream.next_out = reinterpret_cast<Bytef*>(unpacked.data());
      stream.avail_out = static_cast<uInt>(unpacked.size());
      const int status = inflate(&stream, Z_NO_FLUSH);
      if (status == Z_MEM_ERROR) {
        throw std::bad_alloc();
      }
      if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR) {
        fail(source, "damaged data");
      }
      out.append(unpacked.data(), unpacked.size() - stream.avail_out);
      member_done = status == Z_STREAM_END;
    }
  });
  if (!member_done) {
    fail(source, "its end missing");
  }
  return out;
}

}  // namespace dga
