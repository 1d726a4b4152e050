// SPDX-License-Identifier: Apache-2.0
//
// What load_data says about folders and files that are no dataset.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "dga/data/load.h"
#include "tests/data/data_fixture.h"
#include "tests/support/scratch_folder.h"

namespace dga {
namespace {

using test::bytes;
using test::error_of_loading;
using test::gzip;
using test::kIdxImages;
using test::kIdxLabels;
using testing::StartsWith;

TEST(LoadErrors, TablesOfCharacters) {
  const ScratchFolder folder;
  folder.write("images", kIdxImages);
  const std::string labels = folder.write("labels", kIdxLabels);
  const auto error_of_table = [&](const std::string& text) {
    const std::string table = folder.write("emnist-x-mapping.txt", text);
    const std::string error = error_of_loading(folder.path());
    return error.starts_with(table) ? error.substr(table.size()) : error;
  };
  for (const char* line : {"3 b", "3", "3 98x", "3 7", "3 200"}) {
    EXPECT_EQ(
        error_of_table(str("8 65\n", line, "\n")),
        str(":2: expected a label and the code of a printable ASCII character, found \"", line,
            "\". Correct the line, or rename the file if it is no table of characters."));
  }
  EXPECT_EQ(error_of_table("3 98\n8 98\n"),
            ":2: expected each label and each name once, found 8 or b again. Correct the "
            "line.");
  EXPECT_EQ(error_of_table("3 98\n3 97\n"),
            ":2: expected each label and each name once, found 3 or a again. Correct the "
            "line.");
  EXPECT_EQ(error_of_table("3 98\n"), labels + ": sample 1: expected a label with a name in " +
                                          folder.file("emnist-x-mapping.txt") +
                                          ", found 8. Take both files from the same place.");
}

TEST(LoadErrors, NothingThere) {
  EXPECT_EQ(
      error_of_loading("/no/such/folder"),
      "/no/such/folder: expected a folder or a file with data, found nothing there. Check the "
      "path.");
  EXPECT_EQ(error_of_loading(""),
            "\"\": expected a folder or a file with data, found nothing there. Check the path.");
}

TEST(LoadErrors, EmptyFolder) {
  const ScratchFolder folder;
  std::filesystem::create_directory(folder.file("sub"));
  EXPECT_EQ(error_of_loading(folder.path()),
            folder.path() +
                ": expected a folder with data files, found none in it (of subfolders, only those "
                "with images are searched). Put the data there or give another folder.");
}

/// Takes the superuser's rights away, if there are any, so that permissions count.
class AsNobody {
 public:
  AsNobody() : before_(geteuid()) {
    if (before_ == 0) {
      changed_ = seteuid(65534) == 0;
    }
  }
  ~AsNobody() {
    if (changed_) {
      EXPECT_EQ(seteuid(before_), 0);
    }
  }
  AsNobody(const AsNobody&) = delete;
  AsNobody& operator=(const AsNobody&) = delete;

 private:
  uid_t before_;
  bool changed_ = false;
};

TEST(LoadErrors, UnreadableFolder) {
  const ScratchFolder folder;
  folder.write("f.csv", "1,0\n2,1\n");
  ASSERT_EQ(chmod(folder.path().c_str(), 0), 0);
  {
    const AsNobody nobody;
    EXPECT_EQ(error_of_loading(folder.path()),
              folder.path() +
                  ": expected a readable folder, found \"Permission denied\". Check its "
                  "permissions.");
    EXPECT_EQ(error_of_loading(folder.file("f.csv")),
              folder.file("f.csv") +
                  ": expected a readable folder or file, found \"Permission denied\". "
                  "Check its permissions.");
  }
  ASSERT_EQ(chmod(folder.path().c_str(), 0700), 0);
}

TEST(LoadErrors, UnreadableFile) {
  const ScratchFolder folder;
  const std::string file = folder.write("f.csv", "1,0\n2,1\n");
  ASSERT_EQ(chmod(folder.path().c_str(), 0755), 0);
  ASSERT_EQ(chmod(file.c_str(), 0), 0);
  const AsNobody nobody;
  EXPECT_EQ(
      error_of_loading(folder.path()),
      file + ": expected a readable file, found \"Permission denied\". Check its permissions.");
}

TEST(LoadErrors, NoRegularFile) {
  EXPECT_EQ(error_of_loading("/dev/null"),
            "/dev/null: expected a regular file, found a device. Copy the data into a file.");
}

TEST(LoadErrors, EmptyFile) {
  const ScratchFolder folder;
  const std::string file = folder.write("f.csv", "");
  EXPECT_EQ(error_of_loading(folder.path()),
            file +
                ": expected data (IDX, PNG/JPEG, Parquet, NPY, NPZ, "
                "safetensors, CIFAR, LIBSVM, CSV), found an empty "
                "file. Remove or replace it.");
}

TEST(LoadErrors, BinaryJunk) {
  const ScratchFolder folder;
  folder.write("f.csv", "1,0\n2,1\n");
  const std::string file = folder.write("prog", bytes({0x7f, 'E', 'L', 'F', 2, 1, 1, 0, 0, 0}));
  EXPECT_EQ(error_of_loading(folder.path()),
            file +
                ": expected one of the formats IDX, PNG/JPEG, Parquet, NPY, NPZ, safetensors, "
                "CIFAR, LIBSVM, CSV, "
                "found \"\\x7fELF\\x02\\x01\\x01\\x00...\" "
                "at its "
                "start, which is none. Convert or remove the file.");
}

TEST(LoadErrors, DamagedGzip) {
  const ScratchFolder folder;
  std::string packed = gzip("1,2,0\n3,4,1\n");
  const std::string file = folder.write("f.csv.gz", packed.substr(0, packed.size() - 4));
  EXPECT_EQ(
      error_of_loading(folder.path()),
      file + ": expected a whole gzip file, found its end missing. Copy or download it again.");
}

TEST(LoadErrors, TwoFormatsInAFolder) {
  const ScratchFolder folder;
  const std::string first = folder.write("a.csv", "1,0\n2,1\n");
  const std::string second = folder.write("b.idx", kIdxImages);
  EXPECT_EQ(error_of_loading(folder.path()),
            second + ": expected CSV as in " + first + ", found IDX. Keep one format in a folder.");
}

TEST(LoadErrors, OneClassOnly) {
  const ScratchFolder folder;
  const std::string file = folder.write("f.csv", "1,4\n2,4\n3,4\n");
  EXPECT_EQ(
      error_of_loading(file),
      file +
          ": expected labels of at least 2 classes, found only 4 in all 3 samples. Choose the "
          "label column with --label, or use --task regression.");
}

TEST(LoadErrors, OtherSchemes) {
  const auto refusal = [](const std::string& location) {
    return test::error_of<InvalidArgument>([&] { load_data({.data = location}); });
  };
  EXPECT_EQ(refusal("s3://bucket/data"),
            "[storage] s3://bucket/data: expected a path or a URI that begins with file, hdfs, "
            "webhdfs or swebhdfs, found the scheme \"s3\". Copy the files to one of these places.");
  EXPECT_EQ(refusal("file://host/data"),
            "[storage] file://host/data: expected file:// and an absolute path, found the host "
            "\"host\". Write file:///path, with three slashes.");
}

TEST(LoadErrors, NamesAreShownPrintable) {
  EXPECT_THAT(error_of_loading("/no/such\nfolder\x1b[2J"),
              StartsWith("/no/such\\x0afolder\\x1b[2J: expected"));
}

}  // namespace
}  // namespace dga
