// SPDX-License-Identifier: Apache-2.0

#include "dga/base/log.h"

#include <gtest/gtest.h>

#include <string>

namespace dga {
namespace {

class Log : public testing::Test {
 protected:
  void TearDown() override { set_log_level(LogLevel::warning); }

  /// What `write` put on standard error.
  template <typename F>
  static std::string written(const F& write) {
    testing::internal::CaptureStderr();
    write();
    return testing::internal::GetCapturedStderr();
  }
};

TEST_F(Log, WritesOneLineWithItsLevel) {
  EXPECT_EQ(written([] { log_warning("weight '", "w", "' is frozen"); }),
            "dga: warning: weight 'w' is frozen\n");
}

TEST_F(Log, DropsInfoUnlessAsked) {
  EXPECT_EQ(written([] { log_info("hello"); }), "");
  set_log_level(LogLevel::info);
  EXPECT_EQ(written([] { log_info("hello"); }), "dga: info: hello\n");
}

TEST_F(Log, WritesNothingWhenOff) {
  set_log_level(LogLevel::off);
  EXPECT_EQ(written([] { log(LogLevel::error, "x"); }), "");
}

TEST_F(Log, LeavesBracesAlone) {
  EXPECT_EQ(written([] { log(LogLevel::error, "{} {0}"); }), "dga: error: {} {0}\n");
}

}  // namespace
}  // namespace dga
