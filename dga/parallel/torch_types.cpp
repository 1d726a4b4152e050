// SPDX-License-Identifier: Apache-2.0

#include "dga/parallel/torch_types.h"

#include <algorithm>
#include <array>
#include <utility>

namespace dga {
namespace {

constexpr std::array<std::pair<DType, at::ScalarType>, 9> kTypes{{
    {DType::f32, at::kFloat},
    {DType::f64, at::kDouble},
    {DType::f16, at::kHalf},
    {DType::bf16, at::kBFloat16},
    {DType::i32, at::kInt},
    {DType::i64, at::kLong},
    {DType::u8, at::kByte},
    {DType::i8, at::kChar},
    {DType::boolean, at::kBool},
}};

}  // namespace

std::optional<DType> dtype_of(at::ScalarType type) noexcept {
  const auto* found = std::find_if(kTypes.begin(), kTypes.end(),
                                   [&](const auto& entry) { return entry.second == type; });
  return found == kTypes.end() ? std::nullopt : std::optional(found->first);
}

at::ScalarType scalar_type_of(DType type) noexcept {
  return std::find_if(kTypes.begin(), kTypes.end(),
                      [&](const auto& entry) { return entry.first == type; })
      ->second;
}

}  // namespace dga
