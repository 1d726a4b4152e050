// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/zstd.h"

#include <zstd.h>

#include <memory>
#include <new>
#include <span>
#include <vector>

#include "dga/base/error.h"

namespace dga {

bool is_zstd(const ByteSource& source) {
  char magic[4] = {};
  if (source.size() < 4) {
    return false;
  }
  source.read(0, magic);
  return std::string_view(magic, 4) == "\x28\xb5\x2f\xfd";
}

std::string unzstd(const ByteSource& source) {
  const std::unique_ptr<ZSTD_DCtx, std::size_t (*)(ZSTD_DCtx*)> context(ZSTD_createDCtx(),
                                                                        &ZSTD_freeDCtx);
  if (context == nullptr) {
    throw std::bad_alloc();
  }
  const auto fail = [&](std::string_view found) {
    throw DataError(str(source.name(), ": expected a whole zstd file, found ", found,
                        ". Copy or download it again."));
  };
  std::vector<char> unpacked(ZSTD_DStreamOutSize());
  std::string out;
  std::size_t open = 1;  // 0 at the end of a frame
  source.stream(0, source.size(), [&](std::span<const char> packed) {
    ZSTD_inBuffer in{packed.data(), packed.size(), 0};
    bool full = false;  // there may be more output than room
    while (in.pos < in.size || full) {
      ZSTD_outBuffer room{unpacked.data(), unpacked.size(), 0};
      open = ZSTD_decompressStream(context.get(), &room, &in);
      if (ZSTD_isError(open) != 0) {
        fail(str("\"", ZSTD_getErrorName(open), "\""));
      }
      out.append(unpacked.data(), room.pos);
      full = room.pos == room.size && open != 0;
    }
  });
  if (open != 0) {
    fail("its end missing");
  }
  return out;
}

}  // namespace dga
