// SPDX-License-Identifier: Apache-2.0

#include "dga/base/exception_text.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace dga {
namespace {

TEST(ExceptionText, OfTorchsExceptionsIsTheFirstLine) {
  const std::runtime_error error(
      "mat1 and mat2 shapes cannot be multiplied (4x3 and 5x2)\nSecond line of advice.\n"
      "Exception raised from addmm_impl_cpu_ at LinearAlgebra.cpp:1 (most recent call first):\n"
      "frame #0: c10::Error::Error(…) + 0x9b");
  EXPECT_TRUE(is_torch_exception(error));
  EXPECT_EQ(exception_text(error), "mat1 and mat2 shapes cannot be multiplied (4x3 and 5x2)");
}

TEST(ExceptionText, OfTorchsExceptionsSkipsEmptyLinesAtTheStart) {
  EXPECT_EQ(exception_text(std::runtime_error("\n  no kernel\nException raised from f at g:1")),
            "no kernel");
  EXPECT_EQ(exception_text(std::runtime_error("\nException raised from f at g:1")),
            "Exception raised from f at g:1");
}

TEST(ExceptionText, OfAFailedAllocationHasNoTraceEither) {
  const std::runtime_error error(
      "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: "
      "you tried to allocate 400000000 bytes. Error code 12 (Cannot allocate memory)\n"
      "frame #0: c10::ThrowEnforceNotMet(char const*, int) + 0x6a (0x7fc5 in libc10.so)\n");
  EXPECT_TRUE(is_torch_exception(error));
  EXPECT_EQ(
      exception_text(error),
      "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate "
      "memory: you tried to allocate 400000000 bytes. Error code 12 (Cannot allocate memory)");
}

TEST(ExceptionText, OfMemoryThatRanOutSaysWhatToDo) {
  EXPECT_EQ(exception_text(std::bad_alloc()),
            "expected enough memory, found none left. Use fewer workers, less data, or a machine "
            "with more memory.");
}

TEST(ExceptionText, OfOtherExceptionsIsTheWholeText) {
  const std::runtime_error error("first\nsecond");
  EXPECT_FALSE(is_torch_exception(error));
  EXPECT_EQ(exception_text(error), "first\nsecond");
  EXPECT_EQ(exception_text(std::runtime_error("")), "");
}

}  // namespace
}  // namespace dga
