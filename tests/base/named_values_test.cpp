// SPDX-License-Identifier: Apache-2.0

#include "dga/base/named_values.h"

#include <gtest/gtest.h>

namespace dga {
namespace {

enum class Fruit { apple, pear, plum };
constexpr NamedValues<Fruit, 2> kNames{{{"apple", Fruit::apple}, {"pear", Fruit::pear}}};

TEST(NamedValues, EachNameLeadsToItsValueAndBack) {
  EXPECT_EQ(name_in(kNames, Fruit::pear), "pear");
  EXPECT_EQ(value_in(kNames, "apple"), Fruit::apple);
}

TEST(NamedValues, WhatIsNotInTheTableHasNoName) {
  EXPECT_EQ(name_in(kNames, Fruit::plum), "?");
  EXPECT_EQ(value_in(kNames, "Apple"), std::nullopt);
  EXPECT_EQ(value_in(kNames, ""), std::nullopt);
}

}  // namespace
}  // namespace dga
