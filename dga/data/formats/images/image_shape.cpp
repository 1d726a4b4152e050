// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/images/image_shape.h"

#include <algorithm>
#include <limits>

#include "dga/base/available_memory.h"
#include "dga/base/error.h"
#include "dga/data/shape_text.h"

namespace dga {
namespace {

std::string size_text(ImageSize size) {
  return str(size.height, " x ", size.width);
}

/// The shape of the samples of a training: (height, width), or with channels before these.
ImageShape shape_of_training(const std::string& name, const std::vector<std::int64_t>& dims) {
  const std::size_t count = dims.size();
  const std::int64_t channels = count == 3 ? dims[0] : 1;
  if ((count != 2 && count != 3) || (channels != 1 && channels != 3)) {
    throw DataError(str(name, ": expected samples of ", shape_text(dims),
                        " features, as in the training, found an image. Give data of the same "
                        "kind as the training data."));
  }
  return {.channels = static_cast<int>(channels),
          .size = {dims[count - 2], dims[count - 1]},
          .dims = dims};
}

}  // namespace

ImageShape image_shape_of(std::span<const SourcePtr> files, std::span<const ImageInfo> infos,
                          const ReadOptions& options) {
  ImageShape shape;
  if (!options.shape.empty()) {
    shape = shape_of_training(files.front()->name(), options.shape);
  } else {
    const bool colour =
        std::any_of(infos.begin(), infos.end(), [](const ImageInfo& info) { return info.colour; });
    shape.channels = colour ? 3 : 1;
    shape.size = options.image_size.value_or(infos.front().size);
    shape.dims = {shape.channels, shape.size.height, shape.size.width};
  }
  if (options.image_size) {
    return shape;
  }
  const auto other = std::find_if(infos.begin(), infos.end(),
                                  [&](const ImageInfo& info) { return info.size != shape.size; });
  if (other == infos.end()) {
    return shape;
  }
  const std::string& name = files[static_cast<std::size_t>(other - infos.begin())]->name();
  if (!options.shape.empty()) {
    throw DataError(str(name, ": expected an image of ", size_text(shape.size),
                        " pixels (height x width), as in the training, found ",
                        size_text(other->size),
                        ". Give images of that size, or train with "
                        "--resize HxW, such as --resize ",
                        shape.size.height, 'x', shape.size.width, "."));
  }
  throw DataError(str(name, ": expected an image of ", size_text(shape.size),
                      " pixels (height x width) as ", files.front()->name(), ", found ",
                      size_text(other->size), ". Resize all images with --resize HxW, such as ",
                      "--resize ", shape.size.height, 'x', shape.size.width, "."));
}

void check_image_memory(std::span<const SourcePtr> files, std::span<const ImageInfo> infos,
                        const ImageShape& shape, std::int64_t value_bytes, int threads) {
  // In double, because a hostile head may have sizes whose product no integer holds.
  const auto pixels = [](ImageSize size) {
    return static_cast<double>(size.height) * static_cast<double>(size.width);
  };
  const auto largest = std::max_element(
      infos.begin(), infos.end(),
      [&](const ImageInfo& a, const ImageInfo& b) { return pixels(a.size) < pixels(b.size); });
  const auto longest = std::max_element(
      files.begin(), files.end(),
      [](const SourcePtr& a, const SourcePtr& b) { return a->size() < b->size(); });
  // A decoder holds the file, three bytes a pixel, and up to six for a progressive JPEG; and, while
  // it resizes, three for each pixel of the source's height and the result's width.
  constexpr double kDecoding = 9;
  const double resizing =
      3 * static_cast<double>(largest->size.height) * static_cast<double>(shape.size.width);
  const double decoders =
      std::min<double>(threads, static_cast<double>(files.size())) *
      (kDecoding * pixels(largest->size) + resizing + static_cast<double>((*longest)->size()));
  const double samples = static_cast<double>(files.size()) * shape.channels * pixels(shape.size) *
                         static_cast<double>(value_bytes);
  const AvailableMemory available = available_memory();
  const double room =
      std::min(static_cast<double>(available.machine),
               static_cast<double>(available.address_space.value_or(available.machine)));
  if (samples + decoders > room) {
    throw DataError(
        str(files[static_cast<std::size_t>(largest - infos.begin())]->name(),
            ": expected images that fit into memory, found a need of ",
            memory_text(samples + decoders), " (", files.size(), " images of ", shape.channels,
            " x ", size_text(shape.size), " values, and decoders for up to ",
            size_text(largest->size), " pixels in this file) with ", memory_text(room),
            " available. Give fewer images, or a smaller --resize HxW, or remove the file."));
  }
}

}  // namespace dga
