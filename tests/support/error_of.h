// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <gtest/gtest.h>

#include <exception>
#include <string>

#include "dga/base/error.h"

namespace dga::test {

/// The text of the `E` that `call` throws. The test fails when `call` throws nothing or something
/// else, or when the text has more than one line.
template <typename E = Error, typename Call>
std::string error_of(const Call& call) {
  try {
    call();
  } catch (const E& error) {
    std::string text = error.what();
    EXPECT_EQ(text.find('\n'), std::string::npos) << "expected one line, found:\n" << text;
    return text;
  } catch (const std::exception& error) {
    ADD_FAILURE() << "expected another type of exception, found: " << error.what();
    return "";
  }
  ADD_FAILURE() << "expected an exception, found none";
  return "";
}

}  // namespace dga::test
