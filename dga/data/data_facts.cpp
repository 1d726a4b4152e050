// SPDX-License-Identifier: Apache-2.0

#include "dga/data/data_facts.h"

#include <cstddef>
#include <cstdint>
#include <iomanip>
#include <numeric>
#include <span>
#include <sstream>
#include <vector>

#include "dga/base/checksum.h"
#include "dga/base/dtype.h"
#include "dga/base/error.h"
#include "dga/data/location.h"
#include "dga/data/shape_text.h"
#include "dga/storage/store_path.h"

namespace dga {
namespace {

constexpr const char* kSameData = "Give all ranks the same data.";

template <typename T>
std::uint64_t checksum_of(const T* values, std::int64_t count, std::uint64_t before) {
  return checksum(std::as_bytes(std::span(values, static_cast<std::size_t>(count))), before);
}

std::string hex(std::uint64_t sum) {
  std::ostringstream text;
  text << std::hex << std::setw(16) << std::setfill('0') << sum;
  return text.str();
}

/// The checksum of labels or targets.
std::uint64_t checksum_of_labels(const Dataset& set, std::uint64_t before) {
  std::vector<std::int64_t> all(static_cast<std::size_t>(set.size()));
  std::iota(all.begin(), all.end(), std::int64_t{0});
  if (set.label_type() == DType::f32) {
    std::vector<float> targets(all.size());
    set.gather_centred(all, {}, BufferView(targets.data(), set.size()));
    return checksum_of(targets.data(), set.size(), before);
  }
  std::vector<std::int64_t> labels(all.size());
  set.gather_centred(all, {}, BufferView(labels.data(), set.size()));
  return checksum_of(labels.data(), set.size(), before);
}

/// "40 samples of 2 features, 2 classes, checksum 0123456789abcdef". Of streamed samples only the
/// labels are part of the checksum.
std::string describe_set(const std::shared_ptr<const Dataset>& set) {
  if (set == nullptr) {
    return "none";
  }
  std::uint64_t sum = 0;
  if (const ConstBufferView features = set->features_in_memory(); features.data != nullptr) {
    sum = checksum_of(static_cast<const std::byte*>(features.data), features.bytes(), 0);
  }
  sum = checksum_of_labels(*set, sum);
  const Origins origins = set->origins();
  sum = checksum_of(origins.features.data(), std::ssize(origins.features), sum);
  sum = checksum_of(&origins.target, 1, sum);
  for (const std::string& name : set->class_names()) {
    sum = checksum_of(name.data(), std::ssize(name), sum);
  }
  std::ostringstream text;
  text << set->size() << " samples of " << shape_text(set->sample_shape()) << " features, ";
  if (set->num_classes() > 0) {
    text << set->num_classes() << " classes, ";
  }
  text << "checksum " << hex(sum);
  return text.str();
}

/// All names, or the first and the last of many with what tells other names apart: the ranks send
/// this text to each other.
std::string list_of_names(const std::vector<std::string>& names) {
  constexpr std::size_t kMostListed = 100;
  std::string list;
  for (const std::string& name : names) {
    list += (list.empty() ? "" : ", ") + name;
  }
  if (names.size() <= kMostListed) {
    return list;
  }
  return str(names.size(), " files from ", names.front(), " to ", names.back(),
             ", checksum of the names ", hex(checksum_of(list.data(), std::ssize(list), 0)));
}

std::string names_at(const LoadOptions& options) {
  try {
    const DataFiles files = find_data_files(
        {.data = options.data, .validation = options.validation_data, .test = options.test_data});
    std::vector<std::string> names;
    for (const auto* list : {&files.train, &files.validation, &files.test, &files.class_names}) {
      for (const std::string& path : *list) {
        const std::string folder = class_folder_of(files, path);
        names.push_back(folder.empty() ? file_name(path)
                                       : str(file_name(folder), '/', file_name(path)));
      }
    }
    return list_of_names(names);
  } catch (const DataError& error) {
    return error.what();
  }
}

}  // namespace

void add_data_facts(const LoadedData& data, std::vector<Fact>& facts) {
  std::string columns;
  for (const Column& column : data.columns.all) {
    columns += str(columns.empty() ? "" : ", ", column.name, " (",
                   name_in(kColumnUseNames, column.use), ")");
  }
  facts.push_back({"columns", columns, kSameData});
  facts.push_back({"training data", describe_set(data.train), kSameData});
  facts.push_back({"validation data", describe_set(data.validation), kSameData});
  facts.push_back({"test data", describe_set(data.test), kSameData});
}

void add_file_facts(const LoadOptions& options, std::vector<Fact>& facts) {
  facts.push_back({"files of data", names_at(options), kSameData});
}

}  // namespace dga
