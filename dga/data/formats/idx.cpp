// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/idx.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>
#include <vector>

#include "dga/base/error.h"
#include "dga/data/aligned.h"
#include "dga/data/centring.h"

namespace dga {
namespace {

// Types whose values f32 may round.
constexpr int kInt32 = 0x0c;
constexpr int kF64 = 0x0e;

struct Header {
  int type = 0;
  std::int64_t element_bytes = 0;
  std::vector<std::int64_t> dims;
  std::int64_t begin = 0;  // offset of the elements
  std::int64_t count = 1;  // number of elements
};

std::int64_t element_bytes(int type) {
  switch (type) {
    case 0x08:  // unsigned byte
    case 0x09:  // signed byte
      return 1;
    case 0x0b:  // 16-bit integer
      return 2;
    case 0x0c:  // 32-bit integer
    case 0x0d:  // f32
      return 4;
    case 0x0e:  // f64
      return 8;
    default:
      return 0;
  }
}

/// The unsigned number in big-endian bytes at `p`.
template <typename Bits>
Bits big_endian(const char* p) {
  Bits bits = 0;
  for (std::size_t i = 0; i < sizeof(Bits); ++i) {
    bits = static_cast<Bits>((bits << 8) | static_cast<unsigned char>(p[i]));
  }
  return bits;
}

double element(int type, const char* p) {
  switch (type) {
    case 0x08:
      return static_cast<unsigned char>(*p);
    case 0x09:
      return static_cast<signed char>(*p);
    case 0x0b:
      return static_cast<std::int16_t>(big_endian<std::uint16_t>(p));
    case 0x0c:
      return static_cast<std::int32_t>(big_endian<std::uint32_t>(p));
    case 0x0d:
      return static_cast<double>(std::bit_cast<float>(big_endian<std::uint32_t>(p)));
    default:
      return std::bit_cast<double>(big_endian<std::uint64_t>(p));
  }
}

[[noreturn]] void fail_short(const ByteSource& file, const char* what, std::int64_t bytes) {
  throw DataError(str(file.name(), ": expected an IDX file with ", what, ", found ", bytes,
                      " bytes. The file seems cut off; copy it again."));
}

Header read_header(const ByteSource& file) {
  char head[4];
  if (file.size() < 4) {
    fail_short(file, "4 bytes of magic number", file.size());
  }
  file.read(0, head);
  Header header;
  header.type = static_cast<unsigned char>(head[2]);
  header.element_bytes = element_bytes(header.type);
  const auto num_dims = static_cast<std::int64_t>(static_cast<unsigned char>(head[3]));
  if (!is_idx({head, 4})) {
    throw DataError(str(file.name(),
                        ": expected IDX's magic number, two zero bytes, a type from "
                        "08, 09, 0b, 0c, 0d, 0e and a number of dimensions, found ",
                        printable({head, 4}), ". Convert the file."));
  }
  header.begin = 4 + 4 * num_dims;
  if (file.size() < header.begin) {
    fail_short(file, "a whole header", file.size());
  }
  std::int64_t expected = 0;
  bool huge = false;
  for (std::int64_t d = 0; d < num_dims; ++d) {
    char size[4];
    file.read(4 + 4 * d, size);
    header.dims.push_back(static_cast<std::int64_t>(big_endian<std::uint32_t>(size)));
    huge = __builtin_mul_overflow(header.count, header.dims.back(), &header.count) || huge;
  }
  huge = __builtin_mul_overflow(header.count, header.element_bytes, &expected) || huge;
  if (huge || file.size() - header.begin != expected) {
    std::string shape;
    for (const std::int64_t dim : header.dims) {
      shape += (shape.empty() ? "" : " x ") + std::to_string(dim);
    }
    throw DataError(str(file.name(), ": expected ", shape, " elements of ", header.element_bytes,
                        " bytes after the header, found ", file.size() - header.begin,
                        " bytes. The file seems cut off or damaged; copy it again."));
  }
  return header;
}

/// Calls use(i, value) for each element, in order.
template <typename Use>
void for_each_element(const ByteSource& file, const Header& header, Use use) {
  constexpr std::int64_t kElements = std::int64_t{1} << 21;  // few reads, for each may be a request
  std::vector<char> buffer;
  for (std::int64_t first = 0; first < header.count; first += kElements) {
    const auto count = std::min(kElements, header.count - first);
    buffer.resize(static_cast<std::size_t>(count * header.element_bytes));
    file.read(header.begin + first * header.element_bytes, buffer);
    for (std::int64_t i = 0; i < count; ++i) {
      use(first + i, element(header.type, buffer.data() + i * header.element_bytes));
    }
  }
}

/// `value` as f32. Throws DataError unless that is finite.
float finite(const ByteSource& file, std::int64_t sample, double value) {
  const auto narrow = static_cast<float>(value);
  if (!std::isfinite(narrow)) {
    throw DataError(str(file.name(), ": sample ", sample,
                        ": expected a finite number of at most 3.4e38 in size, found ", value,
                        ". Correct the file."));
  }
  return narrow;
}

/// Some elements of the first samples: by element, each (rows).
std::vector<std::vector<double>> columns_of(const ByteSource& file, const Header& header,
                                            const std::vector<std::int64_t>& wanted,
                                            std::int64_t rows) {
  const std::int64_t width = header.count / header.dims.front();
  std::vector<std::vector<double>> columns(wanted.size());
  std::vector<std::int64_t> column_of(static_cast<std::size_t>(width), -1);
  for (std::size_t c = 0; c < wanted.size(); ++c) {
    column_of[static_cast<std::size_t>(wanted[c])] = static_cast<std::int64_t>(c);
  }
  Header first = header;
  first.count = rows * width;
  for_each_element(file, first, [&](std::int64_t i, double value) {
    const std::int64_t column = column_of[static_cast<std::size_t>(i % width)];
    if (column >= 0) {
      columns[static_cast<std::size_t>(column)].push_back(value);
    }
  });
  return columns;
}

std::int64_t integral(const ByteSource& file, std::int64_t sample, double value) {
  if (!(std::fabs(value) <= 0x1.0p53) || value != std::trunc(value)) {
    throw DataError(str(file.name(), ": sample ", sample, ": expected an integer label, found ",
                        value, ". To train on real-valued labels use --task regression."));
  }
  return static_cast<std::int64_t>(value);
}

}  // namespace

bool is_idx(std::string_view head) {
  return head.size() >= 4 && head[0] == '\0' && head[1] == '\0' &&
         element_bytes(static_cast<unsigned char>(head[2])) > 0 && head[3] != '\0';
}

Samples read_idx(std::span<const SourcePtr> files, const ReadOptions& options) {
  const ByteSource* features = nullptr;
  const ByteSource* labels = nullptr;
  Header shape;
  Header label_shape;
  for (const SourcePtr& file : files) {
    Header header = read_header(*file);
    const bool is_labels = header.dims.size() == 1;
    const ByteSource*& slot = is_labels ? labels : features;
    if (slot != nullptr) {
      throw DataError(str(file->name(),
                          ": expected one IDX file of samples and one of labels, found a "
                          "second of ",
                          is_labels ? "labels" : "samples", " beside ", slot->name(),
                          ". Keep one of them in the folder."));
    }
    slot = file.get();
    (is_labels ? label_shape : shape) = std::move(header);
  }
  if (features == nullptr || (labels == nullptr && !options.optional_labels)) {
    throw DataError(
        str(files.front()->name(), ": expected an IDX file of ",
            features == nullptr ? "samples (2 dimensions or more)" : "labels (1 dimension)",
            " beside it, found none. Put both into one folder and give the folder."));
  }
  const std::int64_t count = shape.dims.front();
  if (labels != nullptr && label_shape.count != count) {
    throw DataError(str(labels->name(), ": expected ", count, " labels, one for each sample in ",
                        features->name(), ", found ", label_shape.count,
                        ". Take both files from the same place."));
  }
  if (shape.count == 0) {
    throw DataError(
        str(features->name(), ": expected samples, found none. Give a file that has some."));
  }
  Samples samples;
  samples.count = count;
  samples.shape.assign(shape.dims.begin() + 1, shape.dims.end());
  samples.parts.push_back({(labels == nullptr ? features : labels)->name(), count, 0});
  const std::int64_t width = shape.count / count;
  const std::int64_t expected = options.features > 0         ? options.features
                                : options.origins != nullptr ? std::ssize(options.origins->features)
                                                             : 0;
  if (expected > 0 && width != expected) {
    throw DataError(str(features->name(), ": expected samples of ", expected,
                        " elements, as the model was trained on, found ", width,
                        ". Give samples with the features of the training."));
  }
  samples.features = allocate_aligned<float>(shape.count);
  for_each_element(*features, shape, [&](std::int64_t i, double value) {
    samples.features[i] = finite(*features, i / width, value);
  });
  if (labels != nullptr && options.task == Task::regression) {
    samples.targets = allocate_aligned<float>(count);
    for_each_element(*labels, label_shape, [&](std::int64_t i, double value) {
      samples.targets[i] = finite(*labels, i, value);
    });
  } else if (labels != nullptr) {
    samples.labels = allocate_aligned<std::int64_t>(count);
    for_each_element(*labels, label_shape, [&](std::int64_t i, double value) {
      samples.labels[i] = integral(*labels, i, value);
    });
  }
  const WideValues values{
      .read =
          [&](const std::vector<std::int64_t>& wanted, bool target, std::int64_t rows) {
            auto columns = columns_of(*features, shape, wanted, rows);
            if (target) {
              columns.push_back(columns_of(*labels, label_shape, {0}, rows).front());
            }
            return columns;
          },
      .name = [](std::int64_t feature) { return str("feature ", feature); }};
  const auto may_round = [](const Header& header) {
    return header.type == kInt32 || header.type == kF64;
  };
  if (options.origins != nullptr) {
    centre(samples, *options.origins, values);
  } else if (may_round(shape) || (samples.targets && may_round(label_shape))) {
    std::vector<std::int64_t> numbers(static_cast<std::size_t>(width));
    std::iota(numbers.begin(), numbers.end(), std::int64_t{0});
    FeatureRanges ranges(static_cast<std::size_t>(width));
    for (std::int64_t i = 0; i < count; ++i) {
      ranges.add(samples.features.get() + i * width);
    }
    centre(samples, numbers, ranges, values);
  }
  return samples;
}

}  // namespace dga
