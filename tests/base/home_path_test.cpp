// SPDX-License-Identifier: Apache-2.0

#include "dga/base/home_path.h"

#include <gtest/gtest.h>
#include <pwd.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

namespace dga {
namespace {

class HomePath : public testing::Test {
 protected:
  void TearDown() override { setenv("HOME", before_.c_str(), 1); }

  const std::string before_ = std::getenv("HOME") == nullptr ? "/" : std::getenv("HOME");
};

TEST_F(HomePath, BeginsWithTheHomeFolder) {
  setenv("HOME", "/home/ann", 1);
  EXPECT_EQ(expand_home("~"), "/home/ann");
  EXPECT_EQ(expand_home("~/"), "/home/ann/");
  EXPECT_EQ(expand_home("~/data/x.csv"), "/home/ann/data/x.csv");
}

TEST_F(HomePath, IsThatOfTheNamedUser) {
  setenv("HOME", "/home/ann", 1);
  const passwd* root = getpwnam("root");
  ASSERT_NE(root, nullptr);
  EXPECT_EQ(expand_home("~root/x"), std::string(root->pw_dir) + "/x");
  EXPECT_EQ(expand_home("~root"), root->pw_dir);
}

TEST_F(HomePath, ComesFromTheUserDatabaseWithoutTheVariable) {
  const passwd* own = getpwuid(getuid());
  if (own == nullptr) {
    GTEST_SKIP() << "this user has no entry";
  }
  const std::string expected = std::string(own->pw_dir) + "/x";
  unsetenv("HOME");
  EXPECT_EQ(expand_home("~/x"), expected);
  setenv("HOME", "", 1);
  EXPECT_EQ(expand_home("~/x"), expected);
}

TEST_F(HomePath, OtherPathsStayAsTheyAre) {
  for (const char* path : {"", "/x", "x/~", "./~", "x~", "~no-such-user-of-dga/x", "file:///~"}) {
    EXPECT_EQ(expand_home(path), path);
  }
}

}  // namespace
}  // namespace dga
