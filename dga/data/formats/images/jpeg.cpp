// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/images/jpeg.h"

#include <turbojpeg.h>

#include <memory>
#include <new>

#include "dga/base/error.h"

namespace dga {
namespace {

struct EndJpeg {
  void operator()(void* handle) const { tjDestroy(handle); }
};
using JpegDecoder = std::unique_ptr<void, EndJpeg>;

JpegDecoder jpeg_decoder() {
  JpegDecoder decoder(tjInitDecompress());
  if (decoder == nullptr) {
    throw std::bad_alloc();
  }
  return decoder;
}

const unsigned char* unsigned_bytes(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

}  // namespace

ImageInfo jpeg_info(std::string_view bytes, const std::string& name) {
  const JpegDecoder decoder = jpeg_decoder();
  int width = -1;
  int height = -1;
  int subsampling = -1;
  int colours = -1;
  const int status = tjDecompressHeader3(decoder.get(), unsigned_bytes(bytes), bytes.size(), &width,
                                         &height, &subsampling, &colours);
  // It also fails for a rare subsampling, which only its planar functions need to know.
  const bool rare = subsampling < 0 && width > 0 && height > 0 && colours >= 0;
  if (status != 0 && !rare) {
    refuse_image(name, "JPEG", tjGetErrorStr2(decoder.get()));
  }
  if (colours == TJCS_CMYK || colours == TJCS_YCCK) {
    throw DataError(str(name,
                        ": expected a JPEG image in grey or RGB, found one in CMYK, whose "
                        "colours depend on the printer. Convert it to RGB."));
  }
  return {.size = {height, width}, .colour = colours != TJCS_GRAY};
}

void decode_jpeg(std::string_view bytes, const std::string& name, const ImageInfo& info,
                 int channels, std::span<std::uint8_t> into) {
  const JpegDecoder decoder = jpeg_decoder();
  const int format = channels == 1 ? TJPF_GRAY : TJPF_RGB;
  // A progressive file of a few kilobytes may have scans that take minutes.
  if (tjDecompress2(decoder.get(), unsigned_bytes(bytes), bytes.size(), into.data(),
                    static_cast<int>(info.size.width), 0, static_cast<int>(info.size.height),
                    format, TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS) != 0) {
    refuse_image(name, "JPEG", tjGetErrorStr2(decoder.get()));
  }
}

}  // namespace dga
