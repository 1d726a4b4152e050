// SPDX-License-Identifier: Apache-2.0
//
// What each file of a folder is used as.

#include "dga/data/location.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstring>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "dga/base/error.h"
#include "dga/data/file_roles.h"
#include "tests/support/error_of.h"
#include "tests/support/scratch_folder.h"

namespace dga {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> names_of(const std::vector<std::string>& paths) {
  std::vector<std::string> names;
  for (const std::string& path : paths) {
    names.push_back(std::filesystem::path(path).filename().string());
  }
  return names;
}

std::vector<std::string> ignored_in(const DataFiles& files) {
  std::vector<std::string> names;
  for (const IgnoredFile& file : files.ignored) {
    names.push_back(std::filesystem::path(file.path).filename().string() + ": " + file.reason);
  }
  return names;
}

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

TEST(Location, WordsInNamesSayWhatAFileIsFor) {
  for (const auto& [text, use] :
       {std::pair("val", FileUse::validation), std::pair("valid", FileUse::validation),
        std::pair("validation", FileUse::validation), std::pair("dev", FileUse::validation),
        std::pair("eval", FileUse::validation), std::pair("test", FileUse::test),
        std::pair("testing", FileUse::test), std::pair("t10k", FileUse::test),
        std::pair("train", FileUse::train), std::pair("training", FileUse::train)}) {
    const std::string word = text;
    for (const std::string before : {"", "my-", "X_", "a b.", "1.", "(ä"}) {
      for (const std::string number : {"", "2", "007"}) {
        for (const std::string after : {"", ".csv", "-images-idx3-ubyte.gz", "_b.CSV", " (copy)"}) {
          const std::string name = str(before, word, number, after);
          EXPECT_EQ(use_of(name), use) << name;
          EXPECT_EQ(use_of(upper(name)), use) << name;
        }
      }
    }
    // Part of another word.
    for (const std::string& name :
         {"x" + word, "4" + word, word + "s", word + "2a", word + "x.csv"}) {
      EXPECT_EQ(use_of(name), FileUse::train) << name;
    }
  }
  for (const std::string name :
       {"latest.csv", "contest.csv", "developer.csv", "evaluate.csv", "value.csv", "values-2.csv",
        "testament.csv", "invalid.csv", "medieval.csv", "device.csv", "attest.csv", "t10kb"}) {
    EXPECT_EQ(use_of(name), FileUse::train) << name;
  }
}

TEST(Location, AFolderHasUpToThreeSets) {
  const ScratchFolder folder;
  for (const std::string name : {"a.csv", "dev.csv", "test2.csv", "train.csv", "VAL.csv"}) {
    folder.write(name, "");
  }
  const DataFiles files = find_data_files({.data = folder.path()});
  EXPECT_THAT(names_of(files.train), ElementsAre("a.csv", "train.csv"));
  EXPECT_THAT(names_of(files.validation), ElementsAre("VAL.csv", "dev.csv"));
  EXPECT_THAT(names_of(files.test), ElementsAre("test2.csv"));
  EXPECT_THAT(names_of(find_one_set(folder.path()).train),
              ElementsAre("VAL.csv", "a.csv", "dev.csv", "test2.csv", "train.csv"));
}

TEST(Location, TheFoldersOwnNameSaysNothing) {
  const ScratchFolder folder;
  std::filesystem::create_directory(folder.file("test-val"));
  folder.write("test-val/a.csv", "");
  EXPECT_THAT(names_of(find_data_files({.data = folder.file("test-val")}).train),
              ElementsAre("a.csv"));
}

TEST(Location, AFileThatIsNamedIsTrainedOnWhateverItsName) {
  const ScratchFolder folder;
  for (const std::string name : {"val.csv", "test.csv", "test-val.csv", "x.bak"}) {
    folder.write(name, "");
    const DataFiles files = find_data_files({.data = folder.file(name)});
    EXPECT_THAT(names_of(files.train), ElementsAre(name));
    EXPECT_THAT(files.notices, IsEmpty());
  }
}

TEST(Location, ANameWithWordsOfTwoSetsIsRefused) {
  using Name = std::pair<std::string, std::string>;
  for (const Name& name :
       {Name("train-test.csv", "training and test"), Name("val_test.csv", "validation and test"),
        Name("Train.Val.csv", "training and validation")}) {
    EXPECT_EQ(test::error_of<DataError>([&] { use_of("d/" + name.first); }),
              str("d/", name.first,
                  ": expected a name that says what the file is for, found the words of ",
                  name.second, " files. Rename the file."));
  }
}

TEST(Location, ValidationFilesAloneAreNotTrainedOn) {
  const ScratchFolder folder;
  folder.write("val.csv", "");
  EXPECT_EQ(test::error_of<DataError>([&] { find_data_files({.data = folder.path()}); }),
            folder.path() +
                ": expected training files, found only validation files by their names. Add or "
                "rename a file, or give the file to train on.");
  folder.write("test.csv", "");
  EXPECT_THAT(test::error_of<DataError>([&] { find_data_files({.data = folder.path()}); }),
              testing::HasSubstr("found only validation and test files by their names"));
}

TEST(Location, BackupsAreIgnoredWithANoticeAndTablesOfCharactersNameClasses) {
  const ScratchFolder folder;
  const std::vector<std::string> backups{"#train.csv#",   "test.csv.swp",   "train.BAK",
                                         "train.csv.bak", "train.csv.orig", "train.csv~",
                                         "val~"};
  for (const std::string& name : backups) {
    folder.write(name, "rubbish");
  }
  folder.write("emnist-letters-mapping.txt", "1 65 97\n");
  folder.write("train.csv", "");
  for (const DataFiles& files :
       {find_data_files({.data = folder.path()}), find_one_set(folder.path())}) {
    EXPECT_THAT(names_of(files.train), ElementsAre("train.csv"));
    EXPECT_THAT(files.validation, IsEmpty());
    EXPECT_THAT(files.test, IsEmpty());
    EXPECT_THAT(names_of(files.class_names), ElementsAre("emnist-letters-mapping.txt"));
    ASSERT_EQ(files.ignored.size(), backups.size());
    ASSERT_EQ(files.notices.size(), backups.size());
    EXPECT_EQ(files.notices.front(),
              folder.file("#train.csv#") + ": ignored, because it is an editor's backup.");
  }
  const std::string second = folder.write("emnist-mnist-mapping.txt", "1 49\n");
  EXPECT_EQ(test::error_of<DataError>([&] { find_one_set(folder.path()); }),
            second + ": expected one table of characters in a folder, found a second beside " +
                folder.file("emnist-letters-mapping.txt") + ". Keep one of them.");
}

TEST(Location, AFolderOfBackupsAloneHasNoData) {
  const ScratchFolder folder;
  folder.write("a.csv~", "1,0\n");
  EXPECT_EQ(test::error_of<DataError>([&] { find_one_set(folder.path()); }),
            folder.path() +
                ": expected a folder with data files, found only files that are ignored, such as "
                "backups. Put the data there or give another folder.");
}

TEST(Location, WhatIsIgnoredHasAReason) {
  const ScratchFolder folder;
  for (const std::string name : {".hidden", "_SUCCESS", "a.csv", "a.csv.gz", "README.txt"}) {
    folder.write(name, "");
  }
  std::filesystem::create_directory(folder.file("sub"));
  std::filesystem::create_symlink("nowhere", folder.file(".#a.csv"));  // a lock of Emacs
  const DataFiles files = find_data_files({.data = folder.path()});
  EXPECT_THAT(names_of(files.train), ElementsAre("a.csv"));
  EXPECT_THAT(ignored_in(files),
              ElementsAre(".#a.csv: hidden", ".hidden: hidden", "README.txt: documentation",
                          "_SUCCESS: a marker, by its leading underscore",
                          "a.csv.gz: the packed form of a file beside it", "sub: a subfolder"));
  EXPECT_THAT(files.notices, IsEmpty());
}

TEST(Location, WhatCannotBeReadIsNamed) {
  const auto refused = [](const std::string& name, const std::string& found, const auto& make) {
    const ScratchFolder folder;
    folder.write("a.csv", "1,0\n2,1\n");
    make(folder.file(name));
    for (const bool one_set : {false, true}) {
      EXPECT_EQ(test::error_of<DataError>([&] {
                  one_set ? find_one_set(folder.path()) : find_data_files({.data = folder.path()});
                }),
                folder.file(name) + ": expected a file with data, found " + found +
                    ". Put the file there, or remove this from the folder.");
    }
  };
  using Path = const std::string&;
  refused("b.csv", "a link to ../gone.csv, where nothing can be read",
          [](Path path) { std::filesystem::create_symlink("../gone.csv", path); });
  refused("test.csv", "a link to test.csv, where nothing can be read",
          [](Path path) { std::filesystem::create_symlink("test.csv", path); });
  refused("b.csv", "a pipe", [](Path path) { ASSERT_EQ(mkfifo(path.c_str(), 0600), 0); });
  refused("val.csv", "a device",
          [](Path path) { std::filesystem::create_symlink("/dev/null", path); });
  refused("b.csv", "a socket", [](Path path) {
    const int server = socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    ASSERT_LT(path.size(), sizeof(address.sun_path));
    std::strcpy(address.sun_path, path.c_str());
    ASSERT_EQ(bind(server, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    close(server);
  });
}

TEST(Location, LinksToFilesAreFiles) {
  const ScratchFolder folder;
  folder.write("a.csv", "");
  std::filesystem::create_symlink("a.csv", folder.file("test.csv"));
  EXPECT_THAT(names_of(find_data_files({.data = folder.path()}).test), ElementsAre("test.csv"));
}

TEST(Location, SetsThatAreNamedReplaceThoseOfTheFolder) {
  const ScratchFolder folder;
  const ScratchFolder other;
  for (const std::string name : {"a.csv", "b.csv", "val.csv", "test.csv"}) {
    folder.write(name, "");
  }
  other.write("train.csv", "");
  other.write("old.bak", "");
  const DataFiles files = find_data_files(
      {.data = folder.path(), .validation = other.path(), .test = folder.file("b.csv")});
  EXPECT_THAT(names_of(files.train), ElementsAre("a.csv")) << "b.csv is not trained on";
  EXPECT_THAT(names_of(files.validation), ElementsAre("train.csv"));
  EXPECT_THAT(names_of(files.test), ElementsAre("b.csv"));
  EXPECT_THAT(ignored_in(files),
              testing::UnorderedElementsAre("val.csv: another validation set was named",
                                            "test.csv: another test set was named",
                                            "old.bak: an editor's backup"));
  EXPECT_EQ(files.notices.size(), 1U);
}

TEST(Location, ANamedFileHasOneUse) {
  const ScratchFolder folder;
  for (const std::string name : {"a.csv", "val.csv", "test.csv"}) {
    folder.write(name, "");
  }
  std::filesystem::create_symlink(folder.path(), folder.file(".link"));
  const DataFiles swapped = find_data_files({.data = folder.path(),
                                             .validation = folder.file(".link/test.csv"),
                                             .test = folder.path() + "/./val.csv"});
  EXPECT_THAT(names_of(swapped.train), ElementsAre("a.csv"));
  EXPECT_THAT(names_of(swapped.validation), ElementsAre("test.csv"));
  EXPECT_THAT(names_of(swapped.test), ElementsAre("val.csv"));
  // Evaluating on the training samples is what these ask for.
  const DataFiles same =
      find_data_files({.data = folder.file("a.csv"), .test = folder.file("a.csv")});
  EXPECT_THAT(names_of(same.train), ElementsAre("a.csv"));
  EXPECT_THAT(names_of(same.test), ElementsAre("a.csv"));
}

}  // namespace
}  // namespace dga
