// SPDX-License-Identifier: Apache-2.0

#include "dga/base/dtype.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <set>
#include <string_view>

namespace dga {
namespace {

constexpr std::array kTypes = {DType::f32, DType::f64, DType::f16, DType::bf16,
                               DType::i32, DType::i64, DType::u8};

TEST(DType, EveryTypeHasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (const DType type : kTypes) {
    names.insert(name_of(type));
  }
  EXPECT_EQ(names, (std::set<std::string_view>{"f32", "f64", "f16", "bf16", "i32", "i64", "u8"}));
}

template <typename T>
void expect_type(DType type, std::string_view name) {
  EXPECT_EQ(dtype_of<T>(), type);
  EXPECT_EQ(name_of(dtype_of<T>()), name);
  EXPECT_EQ(size_of(dtype_of<T>()), static_cast<std::int64_t>(sizeof(T))) << name;
}

TEST(DType, TypesOfTheLanguageMapToTheirSizes) {
  expect_type<float>(DType::f32, "f32");
  expect_type<double>(DType::f64, "f64");
  expect_type<Half>(DType::f16, "f16");
  expect_type<BFloat16>(DType::bf16, "bf16");
  expect_type<std::int32_t>(DType::i32, "i32");
  expect_type<std::int64_t>(DType::i64, "i64");
  expect_type<std::uint8_t>(DType::u8, "u8");
}

TEST(BufferView, SliceCountsElementsNotBytes) {
  std::array<double, 6> values{};
  const BufferView view(values.data(), 6);
  const BufferView part = view.slice(2, 3);
  EXPECT_EQ(view.bytes(), 48);
  EXPECT_EQ(part.data, &values[2]);
  EXPECT_EQ(part.count, 3);
  EXPECT_EQ(part.bytes(), 24);
  EXPECT_EQ(part.type, DType::f64);
}

TEST(BufferView, ReadingAViewNeedsNoCast) {
  std::array<std::uint8_t, 4> values{};
  const BufferView view(values.data(), 4);
  const ConstBufferView read = view;
  EXPECT_EQ(read.data, view.data);
  EXPECT_EQ(read.slice(1, 2).data, &values[1]);
  EXPECT_EQ(read.slice(1, 2).bytes(), 2);
  EXPECT_EQ(read.type, DType::u8);
}

}  // namespace
}  // namespace dga
