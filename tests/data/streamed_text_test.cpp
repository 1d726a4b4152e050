// SPDX-License-Identifier: Apache-2.0

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "dga/base/random.h"
#include "dga/data/batches/prefetcher.h"
#include "dga/data/batches/sampler.h"
#include "dga/data/formats/csv/csv.h"
#include "dga/data/formats/libsvm/libsvm.h"
#include "dga/data/load.h"
#include "dga/data/shards.h"
#include "dga/data/stream/block_reader.h"
#include "dga/data/stream/streamed_dataset.h"
#include "tests/data/data_fixture.h"
#include "tests/data/random_texts.h"
#include "tests/data/streamed_samples.h"
#include "tests/support/scratch_folder.h"

namespace dga {
namespace {

using test::Dialect;
using test::expect_the_same;
using test::random_csv;
using test::random_dialect;
using test::random_libsvm;
using testing::HasSubstr;
using Read = Samples (*)(std::span<const SourcePtr>, const ReadOptions&);

std::vector<SourcePtr> sources_of(const std::vector<std::string>& texts) {
  std::vector<SourcePtr> files;
  for (const std::string& text : texts) {
    files.push_back(source_of(str("f", files.size()), text));
  }
  return files;
}

TEST(StreamedText, CsvInAnyDressIsAsInMemory) {
  RandomStream random(stream_key(31, "streamed csv"));
  for (int round = 0; round < 40; ++round) {
    const Dialect d = random_dialect(random);
    SCOPED_TRACE(str("round ", round));
    std::vector<std::string> texts;
    for (std::uint64_t file = 0; file <= random.below(3); ++file) {
      texts.push_back(random_csv(d, 1 + static_cast<std::int64_t>(random.below(500)), random));
    }
    texts.push_back(random_csv(d, 50, random));  // so that there are some of each category
    ReadOptions options{
        .task = d.label == Dialect::Label::target ? Task::regression : Task::automatic,
        .table = {.label = "-1",
                  .header = d.header ? HeaderRow::yes : HeaderRow::no,
                  .decimal = d.comma ? Decimal::comma : Decimal::point,
                  .drop = d.category ? "0" : "0,1",
                  .one_hot = d.category ? "1" : "",
                  .missing = d.missing},
        .threads = 1 + static_cast<int>(random.below(3)),
        .piece_bytes = std::array{500, 20'000, 1 << 20}[random.below(3)]};
    const auto files = sources_of(texts);
    const Samples train = expect_the_same(read_csv, files, options, random);
    // A test set, which takes columns, categories and origins of the training.
    options.columns = &train.columns;
    options.origins = &train.origins;
    expect_the_same(read_csv, {files.back()}, options, random);
    if (HasFailure()) {
      break;
    }
  }
}

TEST(StreamedText, ErrorsOfCsvAreThoseInMemory) {
  const auto error_of_csv = [](const std::vector<std::string>& texts, ReadOptions options) {
    const auto files = sources_of(texts);
    std::vector<std::string> errors;
    for (const bool in_place : {false, true}) {
      options.in_place = in_place;
      errors.push_back(test::error_of<DataError>([&] { read_csv(files, options); }));
    }
    EXPECT_EQ(errors[0], errors[1]);
    return errors[1];
  };
  EXPECT_THAT(error_of_csv({"a,b,y\n1,2,0\n1,x,1\n"}, {}), HasSubstr("f0:3: expected a number in"));
  EXPECT_THAT(error_of_csv({"1,2,0\n3,4,1\n", "1,2,0\n1,2\n"}, {}),
              HasSubstr("f1:2: expected 3 fields, found 2"));
  EXPECT_THAT(error_of_csv({"?,0\n?,1\n"}, {.table = {.missing = Missing::drop}}),
              HasSubstr("expected samples without missing values, found none in all 2"));
  EXPECT_THAT(error_of_csv({"3.4e38,0\n-3.4e38,1\n3.4e38,1\n3.3e38,1\n"}, {}),
              HasSubstr("expected numbers at most 3.4e38 apart"));
  const Columns known{.all = {{.name = "c", .use = ColumnUse::category, .categories = {"a", "b"}},
                              {.name = "y", .use = ColumnUse::label}}};
  EXPECT_THAT(error_of_csv({"c,y\na,0\n\"b\",1\nd,1\ne,0\n"}, {.columns = &known}),
              HasSubstr("f0:4: expected a text of the training set in column c, found \"d\""));
}

TEST(StreamedText, WhatHasNoPlaceInTheFileIsRefused) {
  const auto error_of_stream = [](const std::string& text) {
    const SourcePtr file = source_of("f", text);
    return test::error_of<DataError>([&] { read_csv({&file, 1}, {.in_place = true}); });
  };
  EXPECT_EQ(error_of_stream(std::string("\xff\xfe"
                                        "1\0,\0"
                                        "0\0\n\0",
                                        10)),
            "f: expected UTF-8 to stream the file, found UTF-16. Save it so, or leave --stream "
            "out.");
  EXPECT_EQ(error_of_stream("1,0\r2,1\r"),
            "f: expected lines that end in LF or CRLF to stream the file, found CR alone. Save it "
            "so, or leave --stream out.");
}

TEST(StreamedText, LibsvmIsAsInMemory) {
  RandomStream random(stream_key(34, "streamed libsvm"));
  for (int round = 0; round < 20; ++round) {
    SCOPED_TRACE(str("round ", round));
    const bool regression = random.below(2) == 0;
    const bool from_zero = random.below(2) == 0;
    const auto most = static_cast<std::int64_t>(1 + random.below(40));
    std::vector<std::string> texts;
    for (std::uint64_t file = 0; file <= random.below(3); ++file) {
      texts.push_back(random_libsvm(1 + static_cast<std::int64_t>(random.below(600)), most,
                                    from_zero, regression, random));
    }
    texts.push_back("1 1:1\n" + random_libsvm(20, most, from_zero, regression, random));
    const auto files = sources_of(texts);
    ReadOptions options{.task = regression ? Task::regression : Task::automatic};
    const Samples train = expect_the_same(read_libsvm, files, options, random);
    options.columns = &train.columns;
    options.origins = &train.origins;
    expect_the_same(read_libsvm, {files.back()}, options, random);
    if (HasFailure()) {
      break;
    }
  }
}

TEST(StreamedText, ErrorsOfLibsvmAreThoseInMemory) {
  const auto error_of_libsvm = [](const std::string& text, ReadOptions options) {
    const auto files = sources_of({text});
    std::vector<std::string> errors;
    for (const bool in_place : {false, true}) {
      options.in_place = in_place;
      errors.push_back(test::error_of<DataError>([&] { read_libsvm(files, options); }));
    }
    EXPECT_EQ(errors[0], errors[1]);
    return errors[1];
  };
  EXPECT_THAT(error_of_libsvm("1 1:1\n0 1:x\n", {}), HasSubstr("f0:2: expected index:value"));
  EXPECT_THAT(error_of_libsvm("1\n0\n", {}), HasSubstr("f0: expected samples with index:value"));
  const Columns known{.all = {{.name = "1"}, {.name = "label", .use = ColumnUse::label}}};
  EXPECT_THAT(error_of_libsvm("1 1:1\n\n0 1:2 7:1\n", {.columns = &known}),
              HasSubstr("f0:3: expected indices from 1 to 1 as in the training data, found 7."));
}

std::vector<float> gather_all(const Dataset& data, std::vector<std::int64_t> indices) {
  std::vector<float> values(indices.size() * static_cast<std::size_t>(data.num_features()));
  data.gather_centred(indices, BufferView(values.data(), std::ssize(values)), {});
  return values;
}

TEST(StreamedText, ThreadsGatherFromFilesWhatATableHolds) {
  const ScratchFolder folder;
  RandomStream random(stream_key(32, "streamed csv"));
  const Dialect d{.quotes = true, .unix_times = true, .missing = Missing::drop, .columns = 30};
  for (const char* name : {"a.csv", "b.csv", "test.csv"}) {
    folder.write(name, random_csv(d, 800, random));
  }
  LoadOptions options{.data = folder.path(),
                      .table = {.drop = "note", .one_hot = "city", .missing = Missing::drop}};
  const LoadedData table = load_data(options);
  options.samples = {.stream = true, .shuffle_window = 1};
  options.readers = 3;
  const LoadedData stream = load_data(options);
  ASSERT_NE(dynamic_cast<const StreamedDataset*>(stream.train.get()), nullptr);
  ASSERT_NE(dynamic_cast<const StreamedDataset*>(stream.test.get()), nullptr);
  EXPECT_EQ(summary_of(stream).classes, summary_of(table).classes);
  EXPECT_EQ(summary_of(stream).notices, summary_of(table).notices);
  EXPECT_EQ(stream.columns, table.columns);
  for (const auto& sets :
       {std::pair(stream.train, table.train), std::pair(stream.test, table.test)}) {
    const std::shared_ptr<const Dataset> set = sets.first;
    const std::shared_ptr<const Dataset> expected = sets.second;
    ASSERT_EQ(set->size(), expected->size());
    EXPECT_EQ(set->origins(), expected->origins());
    EXPECT_NE(set->origins(), Origins{});
    std::vector<int> same(3, 0);
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < same.size(); ++t) {
      threads.emplace_back([&, t] {
        RandomStream draw(stream_key(33, "threads", static_cast<std::int64_t>(t)));
        for (int round = 0; round < 20; ++round) {
          std::vector<std::int64_t> indices(16);
          for (std::int64_t& index : indices) {
            index = static_cast<std::int64_t>(draw.below(static_cast<std::uint64_t>(set->size())));
          }
          same[t] += gather_all(*set, indices) == gather_all(*expected, indices) ? 1 : 0;
        }
      });
    }
    for (std::thread& thread : threads) {
      thread.join();
    }
    EXPECT_THAT(same, testing::Each(20));
  }
}

/// All batches of two epochs on one of three workers, in the order of a window.
std::vector<float> batches_of(const LoadedData& data, int depth) {
  const PreparedData sets = split_and_normalise(data, 0.2, 5);
  const auto parts = shards(*sets.train, 3, ShardKind::contiguous, 5);
  Sampler sampler(parts[1], {.batch = 20,
                             .steps = steps_per_epoch(parts, 20),
                             .seed = 5,
                             .rank = 1,
                             .window = 100,
                             .blocks = block_starts(*sets.train, parts[1])});
  Prefetcher batches(sets.train, sampler, {.depth = depth, .epochs = 2});
  std::vector<float> values;
  while (const SampleBatch* batch = batches.next()) {
    const auto* const features = static_cast<const float*>(batch->features.data);
    values.insert(values.end(), features, features + batch->features.count);
  }
  return values;
}

TEST(StreamedText, BatchesAreTheSameAtEveryDepthOfReadingAhead) {
  const ScratchFolder folder;
  RandomStream random(stream_key(35, "streamed csv"));
  const Dialect d{.unix_times = true, .missing = Missing::mean, .columns = 100};
  folder.write("a.csv", random_csv(d, 800, random));
  LoadOptions options{.data = folder.path(),
                      .table = {.drop = "note,city", .missing = Missing::mean}};
  const std::vector<float> expected = batches_of(load_data(options), 0);
  EXPECT_GT(expected.size(), 20'000U);
  options.samples = {.stream = true, .shuffle_window = 100};
  const LoadedData stream = load_data(options);
  for (const int depth : {0, 1, 2, 7}) {
    EXPECT_EQ(batches_of(stream, depth), expected) << depth;
  }
}

/// Bytes that a test may change while somebody reads them.
class ChangingSource final : public ByteSource {
 public:
  explicit ChangingSource(std::string text) : bytes(std::move(text)) {}

  const std::string& name() const override { return name_; }
  std::int64_t size() const override { return std::ssize(bytes); }
  void read(std::int64_t offset, std::span<char> into) const override {
    bytes.copy(into.data(), into.size(), static_cast<std::size_t>(offset));
  }

  std::string bytes;

 private:
  std::string name_ = "f";
};

void expect_a_change_is_named(Read read, const std::string& text, const ReadOptions& options) {
  const auto file = std::make_shared<ChangingSource>(text);
  const SourcePtr source = file;
  const Samples samples = read({&source, 1}, options);
  std::vector<float> values(static_cast<std::size_t>(samples.count * width_of(samples)));
  for (std::size_t at = 0; at < text.size(); ++at) {
    for (const char c : {'x', '\n', ',', '"', '9'}) {
      file->bytes = text;
      file->bytes[at] = c;
      try {
        samples.blocks->read(0, samples.count, values.data());
      } catch (const DataError& error) {
        EXPECT_STREQ(error.what(),
                     "f: expected the file as it was when it was opened, found that it has "
                     "changed. Do not change the file while it is read.");
      }
    }
  }
  file->bytes = std::string(text.size(), 'x');
  EXPECT_THROW(samples.blocks->read(0, 1, values.data()), DataError);
}

TEST(StreamedText, ACsvFileThatChangesIsNamed) {
  expect_a_change_is_named(read_csv, "1,2,0\n3,4,1\n\"5\",6,0\n", {.in_place = true});
  expect_a_change_is_named(read_csv, "1,2,a\n3,?,b\n\"5\",6,a\n",
                           {.table = {.missing = Missing::drop}, .in_place = true});
}

TEST(StreamedText, ACsvFileWithCategoriesAndOriginsThatChangesIsNamed) {
  expect_a_change_is_named(read_csv, "c,t,y\na,1700000001,0\n\"b\",1700000002,1\na,1700000003,1\n",
                           {.table = {.one_hot = "c"}, .in_place = true});
}

TEST(StreamedText, ALibsvmFileThatChangesIsNamed) {
  expect_a_change_is_named(read_libsvm, "1 1:2 2:5\n# c\n0 2:3\n1 1:1.5", {.in_place = true});
}

TEST(StreamedText, AFileThatIsReplacedIsNamed) {
  const ScratchFolder folder;
  const std::string path = folder.write("a.csv", "1,0\n2,1\n");
  const LoadedData stream = load_data({.data = path, .samples = {.stream = true}});
  folder.write("a.csv", "1,0\n2,1\n3,0\n");
  EXPECT_THAT(test::error_of<DataError>([&] { gather_all(*stream.train, {0}); }), HasSubstr(path));
}

}  // namespace
}  // namespace dga
