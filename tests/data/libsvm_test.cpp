// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/libsvm/libsvm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "dga/base/random.h"
#include "dga/data/formats/format.h"
#include "dga/data/load.h"
#include "dga/data/stream/block_reader.h"
#include "tests/data/data_fixture.h"
#include "tests/data/random_texts.h"
#include "tests/support/scratch_folder.h"

namespace dga {
namespace {

using test::random_libsvm;
using testing::ElementsAre;

Samples read_lines(const std::string& text, const ReadOptions& options = {}) {
  const SourcePtr file = source_of("a.svm", text);
  return read_libsvm({&file, 1}, options);
}

std::string libsvm_error(const std::string& text, const ReadOptions& options = {}) {
  return test::error_of<DataError>([&] { read_lines(text, options); });
}

std::vector<float> sparse_values(const Samples& samples) {
  return {samples.features.get(), samples.features.get() + samples.count * samples.shape[0]};
}

TEST(Libsvm, LinesHaveTheirValuesAndZeros) {
  const Samples samples =
      read_lines("# made by hand\n+1 1:0.5 3:-2e1 # a comment 9:9\n\n-1\r\n3 2:7");
  EXPECT_THAT(samples.shape, ElementsAre(3));
  EXPECT_THAT(sparse_values(samples), ElementsAre(0.5F, 0, -20, 0, 0, 0, 0, 7, 0));
  EXPECT_THAT(std::vector<std::int64_t>(samples.labels.get(), samples.labels.get() + 3),
              ElementsAre(1, -1, 3));
  EXPECT_EQ(samples.place(1), "a.svm:4");
  EXPECT_EQ(samples.columns.all.front().name, "1");
}

TEST(Libsvm, AnIndexOfZeroMeansThatTheyBeginThere) {
  const Samples samples = read_lines("0 0:1 2:3\n1 1:2\n");
  EXPECT_THAT(sparse_values(samples), ElementsAre(1, 0, 3, 0, 2, 0));
  // Later files have the indices of the training, whatever they use of them.
  const Samples more = read_lines("1 1:5\n", {.columns = &samples.columns});
  EXPECT_THAT(sparse_values(more), ElementsAre(0, 5, 0));
  EXPECT_EQ(libsvm_error("1 1:5 3:1\n", {.columns = &samples.columns}),
            "a.svm:1: expected indices from 0 to 2 as in the training data, found 3. Remove the "
            "feature, or train with it.");
}

TEST(Libsvm, TargetsMayBeAnyNumbers) {
  const Samples samples = read_lines("1.5 1:1\n1700000000 1:2\n", {.task = Task::regression});
  EXPECT_EQ(static_cast<double>(samples.targets[1]) + samples.origins.target, 1.7e9);
  EXPECT_EQ(libsvm_error("1.5 1:1\n"),
            "a.svm:1: expected an integer label, found \"1.5\". To train on real-valued labels use "
            "--task regression.");
}

TEST(Libsvm, LinesThatAreNotOfTheFormatAreRefused) {
  EXPECT_EQ(libsvm_error("1 1:2\n1 2:1 2:3\n"),
            "a.svm:2: expected indices that ascend, found \"2:3\". Sort the values of the line, "
            "each index once.");
  EXPECT_EQ(libsvm_error("1 1:x\n"),
            "a.svm:1: expected index:value with a finite number, found \"1:x\". Correct the line.");
  EXPECT_EQ(libsvm_error("1 1:1e39\n"),
            "a.svm:1: expected a number of at most 3.4e38 in size, found \"1:1e39\". Scale the "
            "feature down.");
  EXPECT_EQ(libsvm_error("1 qid:4 1:2\n"),
            "a.svm:1: expected index:value, found \"qid:4\". dga does not rank; remove the query "
            "numbers.");
  EXPECT_EQ(libsvm_error("1,2 1:2\n"),
            "a.svm:1: expected one label, found \"1,2\". dga trains on one label per sample; keep "
            "one of them.");
  EXPECT_EQ(libsvm_error("1 1:2\n1:2\n"),
            "a.svm:2: expected a label first, found \"1:2\". Give a label to all samples, or to "
            "none.");
  EXPECT_THAT(libsvm_error("1 4000000000:2\n"), testing::HasSubstr("expected an index of at most"));
  EXPECT_THAT(libsvm_error("1 2000000000:2\n0 1:1\n"),
              testing::HasSubstr("found 2 of 2000000000 features, which need"));
}

TEST(Libsvm, IsToldFromCsvByItsPairs) {
  for (const char* text : {"1 3:4\n", "# note\n\n-1 1:0.5 2:1\n", "0\n1 1:1\n", "1 qid:1 1:2\n"}) {
    EXPECT_EQ(format_of(*source_of("f", text)).name, "LIBSVM") << text;
  }
  for (const char* text : {"1,3:4\n", "1 3\n", "1\n2\n", "a b:c\n", "1.5,2\n"}) {
    EXPECT_EQ(format_of(*source_of("f", text)).name, "CSV") << text;
  }
}

TEST(Libsvm, SamplesToPredictMayHaveNoLabels) {
  const ScratchFolder folder;
  ModelCard card{.input_shape = {2}, .class_names = {"-1", "1"}};
  card.columns.all = {{.name = "1"}, {.name = "2"}, {.name = "label", .use = ColumnUse::label}};
  const std::string plain = folder.write("plain.svm", "1:3\n2:4\n");
  const Samples samples = load_samples({.data = plain, .card = card});
  EXPECT_EQ(samples.labels, nullptr);
  EXPECT_THAT(sparse_values(samples), ElementsAre(3, 0, 0, 4));
  const std::string placeholders = folder.write("placeholders.svm", "0 1:3\n0 2:4\n");
  EXPECT_THAT(
      test::error_of<DataError>([&] { load_samples({.data = placeholders, .card = card}); }),
      testing::HasSubstr("expected a label of the training set"));
  EXPECT_EQ(load_samples({.data = placeholders, .card = card, .table = {.drop = "label"}}).labels,
            nullptr);
}

/// The slow reference: reads line by line, as little as a sample needs.
struct PlainSamples {
  std::vector<std::int64_t> lines = {};
  std::vector<double> labels = {};
  std::vector<std::vector<std::pair<std::int64_t, double>>> rows = {};
};

PlainSamples read_plainly(const std::string& text) {
  PlainSamples samples;
  std::istringstream lines(text);
  std::int64_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    std::istringstream words(line.substr(0, line.find('#')));
    double label = 0;
    if (!(words >> label)) {
      continue;
    }
    samples.lines.push_back(number);
    samples.labels.push_back(label);
    samples.rows.emplace_back();
    std::int64_t index = 0;
    char colon = 0;
    for (double value = 0; words >> index >> colon >> value;) {
      samples.rows.back().emplace_back(index, value);
    }
  }
  return samples;
}

TEST(Libsvm, PiecesAndThreadsReadWhatASinglePassReads) {
  RandomStream random(stream_key(36, "libsvm pieces"));
  for (int round = 0; round < 6; ++round) {
    SCOPED_TRACE(str("round ", round));
    const bool regression = random.below(2) == 0;
    std::string text = random_libsvm(1500, static_cast<std::int64_t>(1 + random.below(12)),
                                     random.below(2) == 0, regression, random);
    // An index above those of which each thread has ranges.
    const bool wide = round == 0;
    text = str("1 1:1 3:2", wide ? " 1100000:5\n" : "\n", text);
    const PlainSamples plain = read_plainly(text);
    const SourcePtr file = source_of("a.svm", text);
    ReadOptions options{.task = regression ? Task::regression : Task::automatic,
                        .in_place = wide || random.below(2) == 0,
                        .threads = 1,
                        .piece_bytes = std::ssize(text) + 1};
    const Samples one = read_libsvm({&file, 1}, options);
    ASSERT_EQ(one.count, std::ssize(plain.rows));
    const std::int64_t width = one.shape.front();
    const std::int64_t first = one.columns.all.front().name == "0" ? 0 : 1;
    std::vector<float> row(static_cast<std::size_t>(width));
    for (std::int64_t i = 0; i < one.count; i += wide ? 500 : 1) {
      const auto at = static_cast<std::size_t>(i);
      EXPECT_EQ(one.place(i), str("a.svm:", plain.lines[at]));
      EXPECT_EQ(regression ? static_cast<double>(one.targets[i]) + one.origins.target
                           : static_cast<double>(one.labels[i]),
                plain.labels[at]);
      std::vector<double> expected(row.size());
      for (const auto& [index, value] : plain.rows[at]) {
        expected[static_cast<std::size_t>(index - first)] = value;
      }
      if (one.blocks) {
        one.blocks->read(i, i + 1, row.data());
      } else {
        std::copy_n(one.features.get() + i * width, width, row.data());
      }
      for (std::size_t f = 0; f < row.size(); ++f) {
        const double origin = one.origins.features.empty() ? 0 : one.origins.features[f];
        ASSERT_EQ(row[f], static_cast<float>(expected[f] - origin)) << i << ' ' << f;
      }
    }
    for (const std::int64_t piece : {1, 1000, 20'000}) {
      options.piece_bytes = piece;
      options.threads = 1 + static_cast<int>(random.below(5));
      const Samples other = read_libsvm({&file, 1}, options);
      EXPECT_EQ(other.count, one.count);
      EXPECT_EQ(other.shape, one.shape);
      EXPECT_EQ(other.origins, one.origins);
      EXPECT_EQ(other.notices, one.notices);
      ASSERT_EQ(other.parts.size(), 1U);
      EXPECT_EQ(other.parts.front().lines, one.parts.front().lines);
      EXPECT_EQ(other.parts.front().first_line, one.parts.front().first_line);
      EXPECT_TRUE(
          regression
              ? std::equal(one.targets.get(), one.targets.get() + one.count, other.targets.get())
              : std::equal(one.labels.get(), one.labels.get() + one.count, other.labels.get()));
      if (!options.in_place) {
        EXPECT_EQ(sparse_values(other), sparse_values(one));
        continue;
      }
      ASSERT_EQ(other.blocks->marks().size(), one.blocks->marks().size());
      for (std::size_t m = 0; m < one.blocks->marks().size(); ++m) {
        EXPECT_EQ(other.blocks->marks()[m].sample, one.blocks->marks()[m].sample);
        EXPECT_EQ(other.blocks->marks()[m].offset, one.blocks->marks()[m].offset);
      }
    }
    if (HasFailure()) {
      break;
    }
  }
}

TEST(Libsvm, PiecesAndThreadsFindTheFirstError) {
  RandomStream random(stream_key(37, "libsvm errors"));
  for (int round = 0; round < 60; ++round) {
    std::string text = random_libsvm(300, 9, false, false, random);
    for (std::uint64_t fault = 0; fault <= random.below(3); ++fault) {
      text[random.below(text.size())] = "x:#\n 5"[random.below(6)];
    }
    const auto error_with = [&](int threads, std::int64_t piece_bytes, bool optional) {
      const SourcePtr file = source_of("a.svm", text);
      try {
        read_libsvm({&file, 1},
                    {.optional_labels = optional, .threads = threads, .piece_bytes = piece_bytes});
      } catch (const DataError& error) {
        return std::string(error.what());
      }
      return std::string("none");
    };
    for (const bool optional : {false, true}) {
      const std::string expected = error_with(1, std::ssize(text) + 1, optional);
      for (const std::int64_t piece : {1, 100, 3000}) {
        EXPECT_EQ(error_with(1 + static_cast<int>(random.below(4)), piece, optional), expected);
      }
    }
  }
}

}  // namespace
}  // namespace dga
