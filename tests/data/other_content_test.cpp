// SPDX-License-Identifier: Apache-2.0
//
// Files that are no data, as people find them in place of their data or beside it.

#include <gtest/gtest.h>

#include <string>

#include "dga/data/load.h"
#include "tests/data/data_fixture.h"
#include "tests/support/scratch_folder.h"

namespace dga {
namespace {

const std::string kTable = "a,b,label\n1,2,0\n3,4,1\n5,6,0\n7,8,1\n";

/// The error of a folder with a table and this file, after the name of the file.
std::string error_beside_table(const std::string& text) {
  const ScratchFolder folder;
  folder.write("a.csv", kTable);
  const std::string path = folder.write("b.txt", text);
  const std::string error = test::error_of<DataError>([&] { load_data({.data = folder.path()}); });
  EXPECT_TRUE(error.starts_with(path)) << error;
  return error.substr(std::min(error.size(), path.size()));
}

TEST(OtherContent, IsNamed) {
  for (const std::string page : {"<html><body>Not found</body></html>",
                                 "\xef\xbb\xbf\r\n <!DOCTYPE HTML>\n", "<!-- a -->\n<html>"}) {
    EXPECT_EQ(error_beside_table(page),
              ": expected data, found a web page (HTML), as after a download that failed. Download "
              "the data itself, or remove the file.");
  }
  for (const std::string json : {"{\"error\": 404}", "[ {\"a\":1}, {\"a\":2} ]", "{}", "[[1,2]]"}) {
    EXPECT_EQ(error_beside_table(json),
              ": expected data, found JSON. Convert it to CSV, or remove the file.");
  }
  EXPECT_EQ(error_beside_table("<?xml version=\"1.0\"?>"),
            ": expected data, found XML. Convert it to CSV, or remove the file.");
  EXPECT_EQ(
      error_beside_table("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n"),
      ": expected data, found a pointer of Git LFS in place of the file. Get the file with git lfs "
      "pull.");
}

TEST(OtherContent, NotesAreNoTable) {
  for (const std::string notes : {"Ask Bob\n", "Ask Bob\nfirst, then Eve\n", "Ask Bob"}) {
    EXPECT_EQ(
        error_beside_table(notes),
        ":1: expected a table, found lines of text as in notes, \"Ask Bob\". Remove the file, "
        "or name the data file itself.");
  }
  EXPECT_NE(error_beside_table("a|b|label\n1|2|0\n3|4|1\n").find("separated by one of comma"),
            std::string::npos)
      << "a table with another separator";
}

TEST(OtherContent, ControlCharactersAreNamedWithTheirLine) {
  EXPECT_EQ(
      error_beside_table(kTable + "\f" + kTable),
      ":6: expected text, found the byte 0x0c (form feed). Remove it, or the file if it is no "
      "text.");
  EXPECT_EQ(
      error_beside_table(kTable + std::string(1, '\0') + kTable),
      ":6: expected text, found the byte 0x00 (NUL). Remove it, or the file if it is no text.");
  std::string wide;
  for (const char c : kTable) {
    wide += {c, '\0'};
  }
  EXPECT_EQ(error_beside_table(wide),
            ": expected text in UTF-8, found what seems to be UTF-16 without a byte-order mark. "
            "Save the file as UTF-8.");
  EXPECT_NE(error_beside_table("\x01\x02 binary").find("\" at its start, which is none"),
            std::string::npos);
}

TEST(OtherContent, ACtrlZMayHaveALineEnd) {
  const ScratchFolder folder;
  for (const char* end : {"\x1a", "\x1a\r\n", "\r\n\x1a\n", "\x1a\n\n"}) {
    const LoadedData data = load_data({.data = folder.write("a.csv", kTable + end)});
    EXPECT_EQ(data.train->size(), 4);
  }
}

}  // namespace
}  // namespace dga
