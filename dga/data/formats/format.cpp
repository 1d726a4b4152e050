// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/format.h"

#include <algorithm>
#include <array>

#include "dga/base/error.h"
#include "dga/data/formats/arrays/array_blocks.h"
#include "dga/data/formats/arrays/cifar.h"
#include "dga/data/formats/arrays/idx.h"
#include "dga/data/formats/arrays/npy.h"
#include "dga/data/formats/arrays/npz.h"
#include "dga/data/formats/arrays/tensors.h"
#include "dga/data/formats/csv/csv.h"
#include "dga/data/formats/csv/text.h"
#include "dga/data/formats/image.h"
#include "dga/data/formats/libsvm/libsvm.h"
#include "dga/data/formats/other_content.h"
#include "dga/data/formats/parquet.h"

namespace dga {
namespace {

bool is_image_file(const ByteSource&, std::string_view head) {
  return is_image(head);
}

// Formats with stricter recognition come first.
constexpr std::array kFormats = {
    Format{"IDX", is_idx, nullptr, idx_arrays, true},
    Format{"PNG/JPEG", is_image_file, read_images},
    Format{"Parquet", is_parquet, read_parquet, nullptr, false, true},
    Format{"NPY", is_npy, nullptr, npy_arrays, true},
    Format{"NPZ", is_npz, nullptr, npz_arrays, false, false, npz_holds},
    Format{"safetensors", is_safetensors, nullptr, safetensors_arrays, true, false,
           safetensors_holds},
    Format{"CIFAR", is_cifar, nullptr, cifar_arrays, true},
    Format{"LIBSVM", is_libsvm, read_libsvm, nullptr, true},
    Format{"CSV", is_csv, read_csv, nullptr, true, true},
};

/// "NPY, safetensors, …"
std::string names_of_streams() {
  std::string names;
  for (const Format& format : kFormats) {
    if (format.streams) {
      names += (names.empty() ? "" : ", ") + std::string(format.name);
    }
  }
  return names;
}

}  // namespace

std::span<const Format> formats() {
  return kFormats;
}

Samples read_with(const Format& format, std::span<const SourcePtr> files,
                  const ReadOptions& options) {
  if (options.in_place && !format.streams) {
    throw DataError(str(files.front()->name(), ": expected a format that can be streamed (",
                        names_of_streams(), "), found ", format.name,
                        ". Write the data in one with dga data convert, or leave --stream out."));
  }
  if (format.arrays == nullptr) {
    return format.read(files, options);
  }
  ArrayPairs pairs = format.arrays(files, options);
  Samples samples;
  if (options.pass != nullptr) {
    samples = take_array_pass(pairs.parts, *options.pass, options);
  } else {
    samples = read_labelled_arrays(pairs.parts, options);
    samples.notices.insert(samples.notices.begin(), pairs.notices.begin(), pairs.notices.end());
  }
  if (options.in_place) {
    samples.blocks =
        std::make_shared<ArrayBlocks>(std::move(pairs.parts), samples, options.table.missing);
  }
  return samples;
}

std::string format_names() {
  std::string names;
  for (const Format& format : kFormats) {
    names += (names.empty() ? "" : ", ") + std::string(format.name);
  }
  return names;
}

const Format& format_of(const ByteSource& file) {
  std::array<char, 4096> buffer{};
  const auto count = std::min(static_cast<std::int64_t>(buffer.size()), file.size());
  file.read(0, std::span(buffer).first(static_cast<std::size_t>(count)));
  const std::string_view head(buffer.data(), static_cast<std::size_t>(count));
  if (head.empty()) {
    throw DataError(str(file.name(), ": expected data (", format_names(),
                        "), found an empty file. Remove or replace it."));
  }
  refuse_other_content(file, head);
  for (const Format& format : kFormats) {
    if (format.recognises(file, head)) {
      return format;
    }
  }
  refuse_unknown_format(file, head, format_names());
}

}  // namespace dga
