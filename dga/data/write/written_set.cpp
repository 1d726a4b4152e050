// SPDX-License-Identifier: Apache-2.0

#include "dga/data/write/written_set.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>
#include <utility>

namespace dga {
namespace {

/// By class, its name as an integer; empty if some name is none.
std::vector<std::int64_t> integer_labels(const std::vector<std::string>& names) {
  std::vector<std::int64_t> labels;
  for (const std::string& name : names) {
    const char* const end = name.data() + name.size();
    const auto parsed = std::from_chars(name.data(), end, labels.emplace_back());
    if (parsed.ec != std::errc{} || parsed.ptr != end || name != std::to_string(labels.back())) {
      return {};
    }
  }
  return labels;
}

std::vector<std::string> feature_names(const Columns& columns, std::int64_t features) {
  std::vector<std::string> names;
  for (const Column& column : columns.all) {
    if (column.use == ColumnUse::feature) {
      names.push_back(column.name);
    } else if (column.use == ColumnUse::category) {
      for (const std::string& category : column.categories) {
        names.push_back(column.name + "=" + category);
      }
    }
  }
  if (!columns.named() || std::ssize(names) != features) {
    names.clear();
    for (std::int64_t f = 0; f < features; ++f) {
      names.push_back("x" + std::to_string(f));
    }
  }
  return names;
}

}  // namespace

WrittenSet written_set(std::shared_ptr<const Dataset> data, FileUse use, const Columns& columns) {
  WrittenSet set{.data = std::move(data), .use = use, .labels = {}, .names = {}};
  set.labels = integer_labels(set.data->class_names());
  set.names = feature_names(columns, set.data->num_features());
  if (const std::int64_t label = columns.label(); columns.named() && label >= 0) {
    set.label_name = columns.all[static_cast<std::size_t>(label)].name;
  }
  const Origins origins = set.data->origins();
  set.target_type = origins.target != 0 ? WrittenType::f64 : WrittenType::f32;
  if (!origins.features.empty()) {
    set.type = WrittenType::f64;
    return set;
  }
  bool bytes = true;
  for_each_block(set, [&](const WrittenBlock& block) {
    bytes = bytes && std::all_of(block.features.begin(), block.features.end(), [](double value) {
              return value >= 0 && value <= 255 && value == std::trunc(value);
            });
  });
  set.type = bytes ? WrittenType::u8 : WrittenType::f32;
  return set;
}

void for_each_block(const WrittenSet& set, const std::function<void(const WrittenBlock&)>& use) {
  const Dataset& data = *set.data;
  const std::int64_t width = data.num_features();
  const std::int64_t rows = std::clamp<std::int64_t>((std::int64_t{1} << 20) / width, 1, 65536);
  const Origins origins = data.origins();
  std::vector<std::int64_t> indices;
  std::vector<float> features;
  std::vector<float> targets;
  WrittenBlock block;
  for (std::int64_t first = 0; first < data.size(); first += rows) {
    block.count = std::min(rows, data.size() - first);
    const auto count = static_cast<std::size_t>(block.count);
    indices.resize(count);
    std::iota(indices.begin(), indices.end(), first);
    features.resize(count * static_cast<std::size_t>(width));
    const bool regression = data.num_classes() == 0;
    block.classes.resize(regression ? 0 : count);
    targets.resize(regression ? count : 0);
    data.gather_centred(indices, {features.data(), std::ssize(features), DType::f32},
                        regression ? BufferView{targets.data(), block.count, DType::f32}
                                   : BufferView{block.classes.data(), block.count, DType::i64});
    block.features.assign(features.begin(), features.end());
    for (std::size_t i = 0; !origins.features.empty() && i < block.features.size(); ++i) {
      block.features[i] += origins.features[i % static_cast<std::size_t>(width)];
    }
    block.targets.assign(targets.begin(), targets.end());
    for (double& target : block.targets) {
      target += origins.target;
    }
    use(block);
  }
}

}  // namespace dga
