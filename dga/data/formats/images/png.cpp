// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/images/png.h"

#include <spng.h>

#include <memory>
#include <new>

namespace dga {
namespace {

struct EndPng {
  void operator()(spng_ctx* context) const { spng_ctx_free(context); }
};
using PngDecoder = std::unique_ptr<spng_ctx, EndPng>;

void check_png(int error, const std::string& name) {
  if (error == SPNG_EMEM) {
    throw std::bad_alloc();
  }
  if (error != 0) {
    refuse_image(name, "PNG", spng_strerror(error));
  }
}

PngDecoder png_decoder(std::string_view bytes, const std::string& name) {
  // Packed texts and colour profiles may unpack to any size, and are not needed.
  constexpr std::size_t kLargestChunk = std::size_t{64} << 20;
  PngDecoder decoder(spng_ctx_new(0));
  if (decoder == nullptr) {
    throw std::bad_alloc();
  }
  check_png(spng_set_chunk_limits(decoder.get(), kLargestChunk, kLargestChunk), name);
  check_png(spng_set_png_buffer(decoder.get(), bytes.data(), bytes.size()), name);
  return decoder;
}

}  // namespace

ImageInfo png_info(std::string_view bytes, const std::string& name) {
  const PngDecoder decoder = png_decoder(bytes, name);
  spng_ihdr head{};
  check_png(spng_get_ihdr(decoder.get(), &head), name);
  return {.size = {head.height, head.width},
          .colour = head.color_type != SPNG_COLOR_TYPE_GRAYSCALE &&
                    head.color_type != SPNG_COLOR_TYPE_GRAYSCALE_ALPHA};
}

void decode_png(std::string_view bytes, const std::string& name, std::span<std::uint8_t> into) {
  const PngDecoder decoder = png_decoder(bytes, name);
  check_png(spng_decode_image(decoder.get(), into.data(), into.size(), SPNG_FMT_RGB8, 0), name);
  // The pixels are whole, but the end of the file tells whether the rest is.
  check_png(spng_decode_chunks(decoder.get()), name);
}

}  // namespace dga
