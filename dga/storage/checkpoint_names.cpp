// SPDX-License-Identifier: Apache-2.0

#include "dga/storage/checkpoint_names.h"

#include <iomanip>
#include <sstream>

namespace dga {
namespace {

constexpr std::string_view kShardPrefix = "shard-";
constexpr std::string_view kShardSuffix = ".safetensors";
constexpr int kShardDigits = 5;

}  // namespace

std::string tensor_file_of(int carrier) {
  std::ostringstream name;
  name << kShardPrefix << std::setw(kShardDigits) << std::setfill('0') << carrier << kShardSuffix;
  return name.str();
}

bool is_tensor_file(std::string_view name) noexcept {
  return name.starts_with(kShardPrefix) && name.ends_with(kShardSuffix);
}

}  // namespace dga
