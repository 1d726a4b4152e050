// SPDX-License-Identifier: Apache-2.0

#include "dga/data/listed_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "dga/data/load.h"
#include "dga/data/write/write_data.h"
#include "dga/storage/atomic_file.h"
#include "dga/storage/manifest.h"
#include "dga/storage/run_folder.h"
#include "tests/support/error_of.h"
#include "tests/support/scratch_folder.h"

namespace dga {
namespace {

using testing::HasSubstr;

constexpr const char* kPurpose =
    ". Copy the file again, or, if it was changed on purpose, remove manifest.json.";

std::shared_ptr<const Dataset> small_set(std::int64_t count) {
  std::shared_ptr<float[]> features(new float[static_cast<std::size_t>(2 * count)]);
  std::shared_ptr<std::int64_t[]> labels(new std::int64_t[static_cast<std::size_t>(count)]);
  for (std::int64_t i = 0; i < count; ++i) {
    features[2 * i] = 0.5F * static_cast<float>(i % 100);
    features[2 * i + 1] = static_cast<float>(i % 7);
    labels[i] = i % 2;
  }
  return std::make_shared<Table>(count, std::vector<std::int64_t>{2}, features, labels,
                                 std::vector<std::string>{"0", "1"});
}

/// A folder "d" with training and test files, as dga data split writes it.
class ListedData : public testing::Test {
 protected:
  explicit ListedData(WriteFormat format = WriteFormat::csv, std::int64_t count = 50) {
    write_data(std::vector{written_set(small_set(count), FileUse::train, {}),
                           written_set(small_set(20), FileUse::test, {})},
               path_, format);
  }

  std::string file(const std::string& name) const { return path_ + "/" + name; }
  std::string manifest_path() const { return file(std::string(kManifestFile)); }
  LoadedData load() const { return load_data({.data = path_}); }
  std::string refusal(const LoadOptions& options) const {
    return test::error_of<DataError>([&] { load_data(options); });
  }
  std::string refusal() const { return refusal({.data = path_}); }
  /// Changes one bit. Returns what the file had before.
  std::string flip(const std::string& name, std::size_t at) const {
    std::string whole = read_file(file(name));
    std::string changed = whole;
    changed.at(at) = static_cast<char>(changed[at] ^ 1);
    scratch_.write("d/" + name, changed);
    return whole;
  }

  const ScratchFolder scratch_;
  const std::string path_ = scratch_.file("d");
};

class ListedFormats : public ListedData, public testing::WithParamInterface<WriteFormat> {
 protected:
  ListedFormats() : ListedData(GetParam()) {}
};

TEST_P(ListedFormats, EachFileIsListedAndFoundToBeWhole) {
  const auto manifest = read_manifest(path_);
  ASSERT_TRUE(manifest);
  const LoadedData data = load();
  EXPECT_THAT(data.summary.notices, testing::IsEmpty());
  EXPECT_EQ(data.train->size(), 50);
  EXPECT_EQ(data.test->size(), 20);
  EXPECT_EQ(manifest->files.size() + 1, scratch_.names("d").size());
}

TEST_P(ListedFormats, OneBitIsFoundInEachFileWhereverItIs) {
  const Manifest manifest = read_manifest(path_).value();
  for (const auto& [name, sum] : manifest.files) {
    const auto size = static_cast<std::size_t>(sum.bytes);
    for (const std::size_t at : {std::size_t{0}, size / 2, size - 1}) {
      const std::string whole = flip(name, at);
      const std::string text = refusal();
      EXPECT_THAT(text, HasSubstr(str(file(name), ": expected bytes with the checksum ",
                                      sum.checksum, ", as manifest.json says, found ")));
      EXPECT_THAT(text, testing::EndsWith(kPurpose));
      scratch_.write("d/" + name, whole);
    }
  }
  load();
}

TEST_P(ListedFormats, OtherSizesAreFoundInStreamedFilesToo) {
  const Manifest manifest = read_manifest(path_).value();
  for (const auto& [name, sum] : manifest.files) {
    std::string whole = read_file(file(name));
    scratch_.write("d/" + name, whole + "0");
    for (const bool stream : {false, true}) {
      EXPECT_EQ(refusal({.data = path_, .samples = {.stream = stream}}),
                str(file(name), ": expected ", sum.bytes, " bytes, as manifest.json says, found ",
                    sum.bytes + 1, kPurpose));
    }
    scratch_.write("d/" + name, whole);
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, ListedFormats,
                         testing::Values(WriteFormat::csv, WriteFormat::npy, WriteFormat::libsvm,
                                         WriteFormat::idx));

TEST_F(ListedData, AFileThatIsNamedAloneIsCheckedToo) {
  flip("test.csv", 40);
  const LoadOptions options{.data = file("train.csv"), .test_data = file("test.csv")};
  EXPECT_THAT(refusal(options), HasSubstr("test.csv: expected bytes with the checksum "));
  EXPECT_EQ(load_data({.data = file("train.csv")}).train->size(), 50);
}

TEST_F(ListedData, LargeFilesThatManyThreadsReadAreChecked) {
  const std::string large = scratch_.file("large");
  write_data(std::vector{written_set(small_set(400'000), FileUse::train, {}),
                         written_set(small_set(20), FileUse::test, {})},
             large, WriteFormat::csv);
  load_data({.data = large, .threads = 4});
  std::string changed = read_file(large + "/train.csv");
  const std::size_t at = changed.find("\n1.5,", changed.size() / 2) + 1;
  changed[at] = '2';
  scratch_.write("large/train.csv", changed);
  EXPECT_THAT(refusal({.data = large, .threads = 4}),
              HasSubstr("train.csv: expected bytes with the checksum "));
}

TEST_F(ListedData, AFileThatIsGoneIsOneLine) {
  std::filesystem::remove(file("test.csv"));
  EXPECT_EQ(refusal(), file("test.csv") +
                           ": expected the file that manifest.json lists, found nothing there. "
                           "Copy the file again, or, if it was removed on purpose, remove "
                           "manifest.json.");
  std::filesystem::remove(manifest_path());
  EXPECT_EQ(load().test, nullptr);
}

TEST_F(ListedData, FilesThatWereAddedAreReadWithANotice) {
  const std::string text = read_file(file("train.csv"));
  scratch_.write("d/train2.csv", text + "7,1,0\n");
  EXPECT_EQ(load().train->size(), 101);
  EXPECT_THAT(load().summary.notices,
              testing::ElementsAre(file("train2.csv") +
                                   ": not in the manifest.json of the folder, so read unchecked. "
                                   "Remove manifest.json if the folder is meant to hold other "
                                   "files than dga data wrote."));
  scratch_.write("d/train3.csv", text + "7,1,1\n");
  EXPECT_THAT(load().summary.notices.front(), HasSubstr("train2.csv and 1 more: not in the "));
}

TEST_F(ListedData, FilesThatAreWrittenLaterAreAdded) {
  write_data(std::vector{written_set(small_set(20), FileUse::test, {})}, scratch_.file("e"),
             WriteFormat::npy);
  write_data(std::vector{written_set(small_set(20), FileUse::train, {})}, scratch_.file("e"),
             WriteFormat::npy);
  const auto manifest = read_manifest(scratch_.file("e"));
  std::vector<std::string> names;
  for (const auto& [name, sum] : manifest->files) {
    names.push_back(name);
  }
  EXPECT_THAT(names,
              testing::ElementsAre("x_test.npy", "x_train.npy", "y_test.npy", "y_train.npy"));
}

TEST_F(ListedData, ADamagedManifestIsRefusedBeforeAnythingIsWritten) {
  flip(std::string(kManifestFile), read_file(manifest_path()).find("checksum\": \"") + 20);
  const std::string text = refusal();
  EXPECT_EQ(text, manifest_path() +
                      ": expected the manifest of a run or dataset, found JSON that is damaged or "
                      "has other contents. Copy it again, or remove it to read the other files "
                      "unchecked.");
  const auto before = scratch_.names("d").size();
  test::error_of<StorageError>([&] {
    write_data(std::vector{written_set(small_set(20), FileUse::validation, {})}, path_,
               WriteFormat::npy);
  });
  EXPECT_EQ(scratch_.names("d").size(), before);
  scratch_.write("d/manifest.json", "{\"files\": [{");  // cut
  EXPECT_EQ(refusal(), text);
}

TEST_F(ListedData, TheManifestOfAnotherProgramIsIgnored) {
  for (const char* text : {R"({"name": "a web application", "icons": []})", "[]", "null"}) {
    scratch_.write("d/manifest.json", text);
    const LoadedData data = load();
    EXPECT_EQ(data.train->size(), 50);
    EXPECT_THAT(data.summary.notices, testing::IsEmpty());
  }
}

TEST(OneFile, HasNoManifest) {
  const ScratchFolder scratch;
  for (const auto& [name, format] :
       {std::pair("a.csv", WriteFormat::csv), std::pair("a.libsvm", WriteFormat::libsvm),
        std::pair("a.safetensors", WriteFormat::safetensors)}) {
    write_data(std::vector{written_set(small_set(20), FileUse::train, {})}, scratch.file(name),
               format);
  }
  EXPECT_THAT(scratch.names(), testing::UnorderedElementsAre("a.csv", "a.libsvm", "a.safetensors"));
}

}  // namespace
}  // namespace dga
