// SPDX-License-Identifier: Apache-2.0
//
// Damaged files, thousands of them, the same at every run: each is read or refused with one line,
// whatever the size of the pieces. Under AddressSanitizer this also shows that nothing is read
// beyond a buffer.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "dga/base/random.h"
#include "dga/data/formats/format.h"
#include "dga/data/formats/gzip.h"
#include "dga/data/stream/block_reader.h"
#include "tests/data/data_fixture.h"

namespace dga {
namespace {

constexpr std::array<std::string_view, 24> kWords = {",",
                                                     ";",
                                                     "\t",
                                                     "\n",
                                                     "\r\n",
                                                     "\r",
                                                     "\"",
                                                     "nan",
                                                     "inf",
                                                     "1e999",
                                                     "1e-999",
                                                     "-",
                                                     "+",
                                                     ".",
                                                     "e",
                                                     "1e308",
                                                     " ",
                                                     "0",
                                                     "#",
                                                     "\xef\xbb\xbf",
                                                     "18446744073709551616",
                                                     "0.1234567890123456789012",
                                                     "\n\n",
                                                     ",,"};

std::string mutated(std::string text, RandomStream& stream) {
  const auto changes = 1 + stream.below(4);
  for (std::uint64_t i = 0; i < changes; ++i) {
    const std::size_t at = stream.below(text.size() + 1);
    switch (stream.below(6)) {
      case 0:
        text = text.substr(0, at);
        break;
      case 1:
        text.insert(at, 1, static_cast<char>(stream.below(256)));
        break;
      case 2:
        if (at < text.size()) {
          text[at] = static_cast<char>(stream.below(256));
        }
        break;
      case 3:
        text.erase(at, 1 + stream.below(8));
        break;
      case 4:
        text.insert(at, kWords[stream.below(kWords.size())]);
        break;
      default:
        text.insert(at, text.substr(stream.below(text.size() + 1), stream.below(20)));
        break;
    }
  }
  return text;
}

/// What reading gives: an error's text, or "" after looking at every value.
std::string outcome(const std::vector<SourcePtr>& files, const ReadOptions& options) {
  try {
    const Format& format = format_of(*files.front());
    for (const SourcePtr& file : files) {
      if (&format_of(*file) != &format) {  // read_files refuses it
        return "f: expected one format, found two";
      }
    }
    const Samples samples = read_with(format, files, options);
    EXPECT_GT(samples.count, 0);
    const std::int64_t values = samples.count * width_of(samples);
    std::vector<float> streamed(static_cast<std::size_t>(options.in_place ? values : 0));
    if (options.in_place) {
      samples.blocks->read(0, samples.count, streamed.data());
    }
    if (samples.bytes) {
      streamed.assign(samples.bytes.get(), samples.bytes.get() + values);
    }
    const float* const features = samples.features ? samples.features.get() : streamed.data();
    EXPECT_TRUE(
        std::all_of(features, features + values, [](float value) { return std::isfinite(value); }));
    return "";
  } catch (const DataError& error) {
    return error.what();
  }
}

struct Tally {
  int read = 0;
  int refused = 0;
};

void expect_read_or_refused(const std::vector<SourcePtr>& files, RandomStream& stream, Tally& tally,
                            const std::string& shown) {
  ReadOptions options;
  options.threads = 1;
  options.task = stream.below(2) == 0 ? Task::automatic : Task::regression;
  const std::string text = outcome(files, options);
  (text.empty() ? tally.read : tally.refused) += 1;
  EXPECT_EQ(text.find('\n'), std::string::npos) << text;
  if (!text.empty()) {
    EXPECT_NE(text.find(": expected "), std::string::npos) << text;
    EXPECT_NE(text.find(", found "), std::string::npos) << text;
  }
  options.piece_bytes = 1 + static_cast<std::int64_t>(stream.below(20));
  EXPECT_EQ(outcome(files, options), text)
      << "in pieces of " << options.piece_bytes << ": " << printable(shown, 400);
}

/// Text that stays in its file is read or refused as in memory.
void expect_the_same_stream(const std::string& text) {
  const std::vector<SourcePtr> files{source_of("f", text)};
  ReadOptions options{.threads = 1};
  const std::string memory = outcome(files, options);
  options.in_place = true;
  const std::string stream = outcome(files, options);
  if (stream.find(" to stream the file, found ") == std::string::npos) {
    EXPECT_EQ(stream, memory) << printable(text, 400);
  }
}

TEST(Fuzz, DamagedCsvIsReadOrRefused) {
  const std::vector<std::string> seeds = {"1,2,0\n3,4,1\n", "a,b,y\r\n1.5,-2e3,0\r\n.25,30,1\r\n",
                                          "1;2;3\n4;5;6", "0.5\t1\n1e-3\t2\n\n",
                                          "\xef\xbb\xbf\"x, y\",z\n1,2\n3,4\n"};
  RandomStream stream(stream_key(11, "fuzz csv"));
  Tally tally;
  for (int i = 0; i < 6000; ++i) {
    const std::string text = mutated(seeds[stream.below(seeds.size())], stream);
    expect_read_or_refused({source_of("f", text)}, stream, tally, text);
    expect_the_same_stream(text);
  }
  EXPECT_GT(tally.read, 300);
  EXPECT_GT(tally.refused, 3000);
}

TEST(Fuzz, DamagedIdxIsReadOrRefused) {
  const std::string images =
      test::bytes({0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 1, 1, 2, 3, 4});
  const std::string floats =
      test::bytes({0, 0, 0x0d, 2, 0, 0, 0, 2, 0, 0, 0, 1, 0x3f, 0x80, 0, 0, 0xff, 0, 0, 0});
  const std::string labels = test::bytes({0, 0, 8, 1, 0, 0, 0, 2, 3, 8});
  RandomStream stream(stream_key(12, "fuzz idx"));
  Tally tally;
  for (int i = 0; i < 4000; ++i) {
    std::string first = stream.below(2) == 0 ? images : floats;
    std::string second = labels;
    (stream.below(3) == 0 ? second : first) =
        mutated(stream.below(2) == 0 ? first : labels, stream);
    expect_read_or_refused({source_of("images", first), source_of("labels", second)}, stream, tally,
                           first);
  }
  EXPECT_GT(tally.read, 30);
  EXPECT_GT(tally.refused, 1000);
}

TEST(Fuzz, DamagedArraysAndTensorsAreReadOrRefused) {
  const auto npy = [](const std::string& header, const std::string& elements) {
    return std::string("\x93NUMPY\x01\x00", 8) + static_cast<char>(header.size()) + '\0' + header +
           elements;
  };
  const std::string x =
      npy("{'descr': '<i2', 'fortran_order': True, 'shape': (2, 2), }\n", "abcdefgh");
  const std::string y =
      npy("{'descr': '|S2', 'fortran_order': False, 'shape': (2,)}\n", std::string("a\0bb", 4));
  const std::string header = R"({"x":{"dtype":"U8","shape":[2,2],"data_offsets":[0,4]},)"
                             R"("y":{"dtype":"U8","shape":[2],"data_offsets":[4,6]}})";
  const std::string tensors =
      static_cast<char>(header.size()) + std::string(7, '\0') + header + "abcdef";
  RandomStream stream(stream_key(14, "fuzz arrays"));
  Tally tally;
  for (int i = 0; i < 4000; ++i) {
    std::string first = x;
    std::string second = y;
    (stream.below(2) == 0 ? second : first) = mutated(stream.below(2) == 0 ? x : y, stream);
    expect_read_or_refused({source_of("x.npy", first), source_of("y.npy", second)}, stream, tally,
                           first);
    first = x;
    first[x.size() - 1 - stream.below(8)] = static_cast<char>(stream.below(256));
    expect_read_or_refused({source_of("x.npy", first), source_of("y.npy", y)}, stream, tally,
                           first);
    const std::string third = mutated(tensors, stream);
    expect_read_or_refused({source_of("f", third)}, stream, tally, third);
  }
  EXPECT_GT(tally.read, 300);
  EXPECT_GT(tally.refused, 4000);
}

TEST(Fuzz, DamagedSparseTextIsReadOrRefused) {
  const std::string text = "+1 1:0.5 3:-2e1 # note\n-1 2:7\n\n1 1:1 2:2 3:3\n";
  RandomStream stream(stream_key(15, "fuzz libsvm"));
  Tally tally;
  for (int i = 0; i < 3000; ++i) {
    const std::string damaged = mutated(text, stream);
    expect_read_or_refused({source_of("f", damaged)}, stream, tally, damaged);
    expect_the_same_stream(damaged);
  }
  EXPECT_GT(tally.read, 300);
  EXPECT_GT(tally.refused, 1000);
}

TEST(Fuzz, DamagedGzipIsUnpackedOrRefused) {
  std::string text;
  for (int i = 0; i < 500; ++i) {
    text += std::to_string(i * i) + ",";
  }
  const std::string packed = test::gzip(text);
  RandomStream stream(stream_key(13, "fuzz gzip"));
  int refused = 0;
  for (int i = 0; i < 2000; ++i) {
    try {
      gunzip(*source_of("f", mutated(packed, stream)));
    } catch (const DataError& error) {
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
      ++refused;
    }
  }
  EXPECT_GT(refused, 1500);
}

}  // namespace
}  // namespace dga
