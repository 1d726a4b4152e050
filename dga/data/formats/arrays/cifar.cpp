// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/arrays/cifar.h"

#include <algorithm>
#include <array>
#include <vector>

#include "dga/base/error.h"
#include "dga/data/formats/csv/text.h"
#include "dga/storage/store_path.h"

namespace dga {
namespace {

constexpr std::int64_t kPixels = std::int64_t{3} * 32 * 32;

/// The labels of a record: one byte each, below `classes`.
struct CifarKind {
  std::string_view name;
  std::array<int, 2> classes;
  std::int64_t labels;

  std::int64_t record() const noexcept { return labels + kPixels; }
};

constexpr std::array<CifarKind, 2> kCifarKinds{
    {{"CIFAR-10", {10, 0}, 1}, {"CIFAR-100", {20, 100}, 2}}};

/// Looks at the labels of a few records, spread over the file.
const CifarKind* kind_of(const ByteSource& file) {
  constexpr std::int64_t kLooks = 16;
  for (const CifarKind& kind : kCifarKinds) {
    const std::int64_t records = file.size() / kind.record();
    if (records == 0 || file.size() % kind.record() != 0) {
      continue;
    }
    bool fits = true;
    const std::int64_t looks = std::min(records, kLooks);
    for (std::int64_t i = 0; fits && i < looks; ++i) {
      std::array<char, 2> labels{};
      const auto used = static_cast<std::size_t>(kind.labels);
      file.read(i * records / looks * kind.record(), std::span(labels).first(used));
      for (std::size_t l = 0; l < used; ++l) {
        fits = fits && static_cast<unsigned char>(labels[l]) < kind.classes[l];
      }
    }
    if (fits) {
      return &kind;
    }
  }
  return nullptr;
}

}  // namespace

bool is_cifar(const ByteSource& file, std::string_view head) {
  // The labels of CIFAR-100 include the codes of line ends, with which a text may begin.
  return !is_csv(file, head) && kind_of(file) != nullptr;
}

ArrayPairs cifar_arrays(std::span<const SourcePtr> files, const ReadOptions&) {
  ArrayPairs pairs;
  const CifarKind* first = nullptr;
  for (const SourcePtr& file : files) {
    const CifarKind* const kind = kind_of(*file);
    if (kind == nullptr || (first != nullptr && kind != first)) {
      throw DataError(str(file->name(), ": expected records of ",
                          first == nullptr ? "CIFAR" : first->name, ", found ",
                          kind == nullptr ? "another size" : kind->name,
                          ". Keep one of them in a folder."));
    }
    first = kind;
    const std::int64_t records = file->size() / kind->record();
    const StoredArray array{.title = file_name(file->name()),
                            .place = file->name(),
                            .file = file,
                            .stride = kind->record()};
    LabelledArrays part{.features = array, .labels = array};
    part.features.dims = {records, 3, 32, 32};
    part.features.begin = kind->labels;
    part.labels->dims = {records};
    part.labels->begin = kind->labels - 1;
    part.labels->classes = kind->classes[static_cast<std::size_t>(kind->labels - 1)];
    pairs.parts.push_back(std::move(part));
  }
  return pairs;
}

}  // namespace dga
