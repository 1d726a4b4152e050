// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "dga/base/error.h"
#include "dga/base/parallel_for.h"
#include "dga/base/topology.h"
#include "dga/data/aligned.h"
#include "dga/data/formats/image.h"
#include "dga/data/formats/images/image_info.h"
#include "dga/data/formats/images/image_shape.h"
#include "dga/data/formats/images/jpeg.h"
#include "dga/data/formats/images/planes.h"
#include "dga/data/formats/images/png.h"
#include "dga/data/formats/images/resize.h"

namespace dga {
namespace {

ImageInfo info_in(std::string_view bytes, const std::string& name) {
  return is_jpeg(bytes) ? jpeg_info(bytes, name) : png_info(bytes, name);
}

ImageInfo info_of_image(const ByteSource& file) {
  constexpr std::int64_t kHead = std::int64_t{1} << 16;
  std::string head(static_cast<std::size_t>(std::min(kHead, file.size())), '\0');
  file.read(0, head);
  try {
    return info_in(head, file.name());
  } catch (const DataError&) {
    if (file.size() <= kHead) {
      throw;
    }
  }
  // Exif data and colour profiles may come first, of any length.
  return info_in(read_all(file), file.name());
}

bool all_grey(std::span<const std::uint8_t> pixels) {
  for (std::size_t i = 0; i < pixels.size(); i += 3) {
    if (pixels[i] != pixels[i + 1] || pixels[i] != pixels[i + 2]) {
      return false;
    }
  }
  return true;
}

/// Memory that is not written takes none, so a file of a few bytes that claims to be a large image
/// is refused at little cost.
struct Pixels {
  explicit Pixels(std::int64_t count)
      : memory(allocate_aligned<std::uint8_t>(count)), size(static_cast<std::size_t>(count)) {}
  std::span<std::uint8_t> all() const { return {memory.get(), size}; }

  std::shared_ptr<std::uint8_t[]> memory;
  std::size_t size;
};

/// The pixels of `file`, (height, width, 3), or (height, width) if `grey` is true.
Pixels pixels_of(const ByteSource& file, const ImageInfo& info, bool grey) {
  const std::string bytes = read_all(file);
  if (!is_image(bytes) || info_in(bytes, file.name()) != info) {
    throw DataError(str(file.name(),
                        ": expected the image that it was a moment ago, found another one. Do not "
                        "change the file while it is read."));
  }
  const std::int64_t count = info.size.height * info.size.width;
  if (is_jpeg(bytes) && grey && !info.colour) {
    Pixels pixels(count);
    decode_jpeg(bytes, file.name(), info, 1, pixels.all());
    return pixels;
  }
  Pixels pixels(3 * count);
  if (is_jpeg(bytes)) {
    decode_jpeg(bytes, file.name(), info, 3, pixels.all());
  } else {
    decode_png(bytes, file.name(), pixels.all());
  }
  if (grey) {
    if (!all_grey(pixels.all())) {
      throw DataError(str(file.name(),
                          ": expected a grey image, as in the training, found colours. Convert it "
                          "to grey."));
    }
    pixels.size = static_cast<std::size_t>(count);
    for (std::int64_t i = 0; i < count; ++i) {
      pixels.memory[i] = pixels.memory[3 * i];
    }
  }
  return pixels;
}

void read_image(const ByteSource& file, const ImageInfo& info, const ImageShape& shape,
                std::uint8_t* into) {
  const Pixels decoded = pixels_of(file, info, shape.channels == 1);
  std::vector<std::uint8_t> other_size;
  const std::uint8_t* pixels = decoded.memory.get();
  if (info.size != shape.size) {
    other_size = resized(decoded.all(), info.size, shape.size, shape.channels);
    pixels = other_size.data();
  }
  const std::int64_t count = shape.size.height * shape.size.width;
  if (shape.channels == 1) {
    std::copy(pixels, pixels + count, into);
    return;
  }
  split_into_planes({pixels, static_cast<std::size_t>(3 * count)}, into);
}

/// Subtracts the origins that a model of other data has, such as IDX files of 32 bits.
void subtract_origins(Samples& samples, std::int64_t values, const Origins& origins) {
  samples.origins = origins;
  if (origins.features.empty()) {
    return;
  }
  samples.features = allocate_aligned<float>(samples.count * values);
  for (std::int64_t i = 0; i < samples.count * values; ++i) {
    samples.features[i] =
        static_cast<float>(static_cast<double>(samples.bytes[i]) -
                           origins.features[static_cast<std::size_t>(i % values)]);
  }
  samples.bytes = nullptr;
}

/// Labels by the class of each file, ascending by the bytes of their names.
void label_images(Samples& samples, const std::vector<std::string>& classes) {
  samples.label_texts = classes;
  std::sort(samples.label_texts.begin(), samples.label_texts.end());
  samples.label_texts.erase(std::unique(samples.label_texts.begin(), samples.label_texts.end()),
                            samples.label_texts.end());
  samples.labels = allocate_aligned<std::int64_t>(samples.count);
  for (std::int64_t i = 0; i < samples.count; ++i) {
    samples.labels[i] = std::lower_bound(samples.label_texts.begin(), samples.label_texts.end(),
                                         classes[static_cast<std::size_t>(i)]) -
                        samples.label_texts.begin();
  }
}

void check_image_labels(const std::string& name, const ReadOptions& options) {
  if (options.file_classes == nullptr && !options.optional_labels) {
    throw DataError(str(name,
                        ": expected images in a subfolder for each class, whose names are "
                        "the labels, found an image without a class. Sort the images into "
                        "such folders, and give the folder that contains these."));
  }
  if (options.file_classes != nullptr && options.task == Task::regression) {
    throw DataError(str(name,
                        ": expected numbers as labels for regression, found the name of a "
                        "class folder. Use --task classification."));
  }
}

}  // namespace

Samples read_images(std::span<const SourcePtr> files, const ReadOptions& options) {
  check_image_labels(files.front()->name(), options);
  const int threads = threads_or_cores(options.threads);
  const std::int64_t count = std::ssize(files);
  std::vector<ImageInfo> infos(files.size());
  parallel_for(count, threads, [&](std::int64_t i, int /*thread*/) {
    const auto at = static_cast<std::size_t>(i);
    infos[at] = info_of_image(*files[at]);
  });
  const ImageShape shape = image_shape_of(files, infos, options);
  const bool centred = options.origins != nullptr && !options.origins->features.empty();
  const std::int64_t value_bytes = 1 + (centred ? std::int64_t{sizeof(float)} : 0);
  check_image_memory(files, infos, shape, value_bytes, threads);
  Samples samples;
  samples.count = count;
  samples.shape = shape.dims;
  samples.bytes = allocate_aligned<std::uint8_t>(count * shape.values());
  parallel_for(count, threads, [&](std::int64_t i, int /*thread*/) {
    const auto at = static_cast<std::size_t>(i);
    read_image(*files[at], infos[at], shape, samples.bytes.get() + i * shape.values());
  });
  if (options.origins != nullptr) {
    subtract_origins(samples, shape.values(), *options.origins);
  }
  for (const SourcePtr& file : files) {
    samples.parts.push_back({.file = file->name(), .count = 1, .is_sample = true});
  }
  if (options.file_classes != nullptr) {
    label_images(samples, *options.file_classes);
  }
  return samples;
}

}  // namespace dga
