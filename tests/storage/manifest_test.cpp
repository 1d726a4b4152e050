// SPDX-License-Identifier: Apache-2.0
//
// Expected checksums: python3 -c 'import xxhash; print(xxhash.xxh3_128_hexdigest(TEXT))'

#include "dga/storage/manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "dga/base/error.h"
#include "dga/storage/append_log.h"
#include "dga/storage/atomic_file.h"
#include "dga/storage/checked_folder.h"
#include "dga/storage/run_folder.h"
#include "dga/storage/tensorboard/tensorboard_log.h"
#include "tests/support/error_of.h"
#include "tests/support/scratch_folder.h"

namespace dga {
namespace {

using test::error_of;
using testing::StartsWith;
using testing::UnorderedElementsAre;

constexpr const char* kDgaSum = "445faccd0f33535dc08bfa040bc6468f";  // of "dga"
constexpr const char* kDamaged =
    "expected the manifest of a run or dataset, found JSON that is damaged or has other contents. "
    "Copy it "
    "again, or remove it to read the other files unchecked.";

ContentSum sum_of(const std::string& text) {
  ContentHash hash;
  hash.add(std::as_bytes(std::span(text)));
  return hash.sum();
}

/// A folder with the files `texts` and their manifest.
class Listed : public testing::Test {
 protected:
  Listed() {
    Manifest manifest;
    for (const auto& [name, text] : texts_) {
      scratch_.write(name, text);
      manifest.files[name] = sum_of(text);
    }
    scratch_.write(kManifestFile, to_json(manifest));
  }

  CheckedFolder folder() const { return CheckedFolder(scratch_.path()); }
  std::string refusal(const std::string& name) const {
    return error_of<StorageError>([&] { static_cast<void>(folder().read(name)); });
  }
  std::string manifest_text() const { return read_file(scratch_.file(kManifestFile)); }

  const ScratchFolder scratch_;
  const std::map<std::string, std::string> texts_{{"config.json", "{}\n"},
                                                  {"metrics.jsonl", ""},
                                                  {"model.safetensors", std::string(1000, 'w')}};
};

TEST(Manifest, IsReadAsItWasWritten) {
  const Manifest manifest{.files = {{"a \"quoted\" name", sum_of("")}, {"b", sum_of("text")}}};
  EXPECT_EQ(manifest_from_json(to_json(manifest), "m"), manifest);
  EXPECT_EQ(manifest_from_json(to_json({}), "m"), Manifest());
}

TEST(Manifest, HasTheDocumentedForm) {
  const Manifest manifest{.files = {{"x", sum_of("dga")}}};
  // files_checksum: xxh3_128_hexdigest(json.dumps(files, separators=(",", ":")))
  EXPECT_EQ(to_json(manifest), str(R"({
  "schema": 1,
  "algorithm": "xxh3-128",
  "files_checksum": "d3d586014df21c2a3086e6eccd918207",
  "files": [
    {
      "name": "x",
      "bytes": 3,
      "checksum": ")",
                                   kDgaSum, R"("
    }
  ]
}
)"));
}

TEST_F(Listed, WholeFilesAndThoseThatAreNotListedAreRead) {
  scratch_.write("notes.txt", "mine");
  for (const auto& [name, text] : texts_) {
    EXPECT_EQ(folder().read(name), text);
    EXPECT_EQ(folder().read_if_there(name), text);
  }
  EXPECT_EQ(folder().read("notes.txt"), "mine");
  EXPECT_EQ(folder().read_if_there("none"), std::nullopt);
}

TEST_F(Listed, OneBitIsFoundInEachFile) {
  for (const auto& [name, text] : texts_) {
    for (std::size_t at = 0; at < text.size(); at += text.size() / 3) {
      std::string changed = text;
      changed[at] = static_cast<char>(changed[at] ^ 1);
      scratch_.write(name, changed);
      EXPECT_EQ(
          refusal(name),
          str("[storage] ", scratch_.file(name), ": expected bytes with the checksum ",
              sum_of(text).checksum, ", as manifest.json says, found ", sum_of(changed).checksum,
              ". Copy the file again, or, if it was changed on purpose, remove "
              "manifest.json."));
      scratch_.write(name, text);
    }
  }
}

TEST_F(Listed, ADifferentSizeIsFoundBeforeReading) {
  scratch_.write("model.safetensors", std::string(999, 'w'));
  const std::string text =
      "[storage] " + scratch_.file("model.safetensors") +
      ": expected 1000 bytes, as manifest.json says, found 999. Copy the file again, or, if it was "
      "changed on purpose, remove manifest.json.";
  EXPECT_EQ(refusal("model.safetensors"), text);
  EXPECT_EQ(error_of<StorageError>([&] { static_cast<void>(folder().file("model.safetensors")); }),
            text);
  scratch_.write("metrics.jsonl", "\n");
  EXPECT_THAT(refusal("metrics.jsonl"), testing::HasSubstr("expected 0 bytes"));
}

TEST_F(Listed, AMissingFileIsFound) {
  std::filesystem::remove(scratch_.file("config.json"));
  const std::string text =
      "[storage] " + scratch_.file("config.json") +
      ": expected the file that manifest.json lists, found nothing there. Copy the file again, or, "
      "if it was removed on purpose, remove manifest.json.";
  EXPECT_EQ(refusal("config.json"), text);
  EXPECT_EQ(
      error_of<StorageError>([&] { static_cast<void>(folder().read_if_there("config.json")); }),
      text);
}

TEST_F(Listed, WithoutAManifestEverythingIsReadUnchecked) {
  std::filesystem::remove(scratch_.file(kManifestFile));
  scratch_.write("config.json", "{\n");
  EXPECT_EQ(folder().read("config.json"), "{\n");
  EXPECT_FALSE(folder().manifest());
  EXPECT_FALSE(CheckedFolder(scratch_.file("none")).manifest());
}

TEST_F(Listed, EachBitOfTheManifestThatChangesAValueIsFound) {
  const std::string whole = manifest_text();
  const Manifest manifest = manifest_from_json(whole, "m");
  for (std::size_t bit = 0; bit < 8 * whole.size(); ++bit) {
    std::string changed = whole;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
    try {
      // Spaces may change to other spaces.
      EXPECT_EQ(manifest_from_json(changed, "m"), manifest) << changed;
    } catch (const StorageError& error) {
      EXPECT_THAT(error.what(), StartsWith("[storage] m: expected ")) << changed;
    }
  }
}

TEST_F(Listed, AManifestThatIsDamagedIsOneLine) {
  const std::string whole = manifest_text();
  for (const std::string& damaged :
       {std::string(), whole.substr(0, whole.size() / 2), std::string("[]"), std::string("null"),
        std::string(R"({"name": "a web application"})")}) {
    scratch_.write(kManifestFile, damaged);
    EXPECT_EQ(refusal("config.json"),
              str("[storage] ", scratch_.file(kManifestFile), ": ", kDamaged));
  }
}

TEST(Manifest, OfAnotherVersionSaysSo) {
  for (const auto& [key, value, found] :
       {std::tuple("schema", nlohmann::json(2), "2 with \"xxh3-128\""),
        std::tuple("algorithm", nlohmann::json("blake3"), "1 with \"blake3\"")}) {
    auto json = nlohmann::ordered_json::parse(to_json({}));
    json[key] = value;
    EXPECT_EQ(error_of<StorageError>([&] { manifest_from_json(json.dump(), "run/manifest.json"); }),
              str("[storage] run/manifest.json: expected schema 1 with xxh3-128, found ", found,
                  ". Use the dga that wrote it."));
  }
}

TEST(Manifest, NamesThatLeadOutOfTheFolderAreRefused) {
  for (const char* name : {"", ".", "..", "../x", "/etc/passwd", "a/b"}) {
    const Manifest manifest{.files = {{name, sum_of("")}}};
    EXPECT_EQ(error_of<StorageError>([&] { manifest_from_json(to_json(manifest), "m"); }),
              str("[storage] m: ", kDamaged));
  }
}

TEST_F(Listed, RangesAreCheckedInAnyOrder) {
  const std::string text = texts_.at("model.safetensors");
  const std::vector<std::vector<std::pair<int, int>>> orders{
      {{0, 1000}}, {{0, 10}, {10, 990}}, {{500, 500}, {0, 500}}, {{0, 600}, {400, 600}}, {{3, 3}},
      {}};
  for (const bool damaged : {false, true}) {
    scratch_.write("model.safetensors", damaged ? text.substr(0, 999) + "x" : text);
    for (const auto& order : orders) {
      const auto file = folder().file("model.safetensors");
      for (const auto& [offset, count] : order) {
        std::string piece(static_cast<std::size_t>(count), '\0');
        file->read(offset, piece);
      }
      if (damaged) {
        EXPECT_THAT(error_of<StorageError>([&] { file->check(); }),
                    testing::HasSubstr("expected bytes with the checksum"));
      } else {
        EXPECT_NO_THROW(file->check());
      }
    }
  }
}

/// Counts the bytes that are read.
class CountingSource final : public ByteSource {
 public:
  explicit CountingSource(std::string text) : bytes_(source_of("text", std::move(text))) {}
  const std::string& name() const override { return bytes_->name(); }
  std::int64_t size() const override { return bytes_->size(); }
  void read(std::int64_t offset, std::span<char> into) const override {
    count += std::ssize(into);
    bytes_->read(offset, into);
  }
  mutable std::int64_t count = 0;

 private:
  SourcePtr bytes_;
};

TEST(CheckedSource, RangesThatComeALittleEarlyAreReadOnce) {
  const std::string text(1000, 't');
  for (const bool damaged : {false, true}) {
    const auto file = std::make_shared<CountingSource>(damaged ? text.substr(1) + "x" : text);
    const CheckedSource checked(file, sum_of(text));
    for (const int part : {1, 0, 4, 3, 2, 5, 7, 6, 9, 8}) {  // as several threads may
      std::string piece(100, '\0');
      checked.read(100 * part, piece);
    }
    if (damaged) {
      EXPECT_THAT(error_of<StorageError>([&] { checked.check(); }),
                  testing::HasSubstr("expected bytes with the checksum"));
    } else {
      EXPECT_NO_THROW(checked.check());
    }
    EXPECT_EQ(file->count, 1000);
  }
}

TEST(Manifest, WritersSumUpWhatTheyWereGiven) {
  const ScratchFolder scratch;
  AtomicFile whole(scratch.file("whole"));
  whole.append("d");
  whole.append("ga");
  whole.commit();
  EXPECT_EQ(whole.written(), (ContentSum{3, kDgaSum}));
  scratch.write("log", "one\nhal");  // a kill left half a line
  AppendLog log(scratch.file("log"));
  log.append("two");
  EXPECT_EQ(log.written(), sum_of("one\ntwo\n"));
  EXPECT_EQ(log.written(), sum_of(read_file(scratch.file("log"))));
  TensorBoardLog events(scratch.path());
  events.scalar("loss", 1, 0.5);
  events.flush();
  EXPECT_EQ(events.written(), sum_of(read_file(events.path())));
}

TEST_F(Listed, ARunThatResumesRemovesTheManifestFirst) {
  EXPECT_THROW(RunFolder(scratch_.path()), StorageError);
  EXPECT_TRUE(std::filesystem::exists(scratch_.file(kManifestFile)));
  const RunFolder folder(scratch_.path(), RunFolderMode::resume);
  EXPECT_TRUE(std::filesystem::exists(scratch_.file(kManifestFile))) << "it may still be refused";
  begin_again(scratch_.path());
  EXPECT_FALSE(std::filesystem::exists(scratch_.file(kManifestFile)));
}

TEST_F(Listed, ACopyOfARunHasAllListedFilesAndTheManifest) {
  scratch_.write("notes.txt", "mine");
  copy_run(scratch_.path(), scratch_.file("copy"));
  EXPECT_THAT(scratch_.names("copy"), UnorderedElementsAre("config.json", "manifest.json",
                                                           "metrics.jsonl", "model.safetensors"));
  const CheckedFolder copy(scratch_.file("copy"));
  for (const auto& [name, text] : texts_) {
    EXPECT_EQ(copy.read(name), text);
  }
}

TEST_F(Listed, ADamagedFileIsNotCopied) {
  scratch_.write("config.json", "[]\n");
  EXPECT_THAT(error_of<StorageError>([&] { copy_run(scratch_.path(), scratch_.file("copy")); }),
              StartsWith("[storage] " + scratch_.file("config.json") +
                         ": expected bytes with the checksum"));
  EXPECT_FALSE(std::filesystem::exists(scratch_.file("copy")));
}

TEST(CopyRun, WithoutAManifestCopiesTheFilesThatMakeARunUsable) {
  const ScratchFolder scratch;
  for (const std::string_view name :
       {kConfigFile, kMetricsFile, kModelCardFile, kModelFile, kResultsFile, kTraceFile}) {
    scratch.write(name, "x");
  }
  copy_run(scratch.path(), scratch.file("copy"));
  EXPECT_THAT(scratch.names("copy"),
              UnorderedElementsAre("config.json", "metrics.jsonl", "model.json",
                                   "model.safetensors", "results.json"));
}

}  // namespace
}  // namespace dga
