// SPDX-License-Identifier: Apache-2.0

#include "dga/base/named_values.h"

#include <gtest/gtest.h>

namespace dga {
namespace {

enum class Fruit { apple, pear, plum };
constexpr NamedValues<Fruit, 2> kFruits{{{"apple", Fruit::apple}, {"pear", Fruit::pear}}};

TEST(NamedValues, EachNameLeadsToItsValueAndBack) {
  EXPECT_EQ(name_in(kFruits, Fruit::pear), "pear");
  EXPECT_EQ(value_in(kFruits, "apple"), Fruit::apple);
}

TEST(NamedValues, WhatIsNotInTheTableHasNoName) {
  EXPECT_EQ(name_in(kFruits, Fruit::plum), "?");
  EXPECT_EQ(value_in(kFruits, "Apple"), std::nullopt);
  EXPECT_EQ(value_in(kFruits, ""), std::nullopt);
}

}  // namespace
}  // namespace dga
