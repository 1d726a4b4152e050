// SPDX-License-Identifier: Apache-2.0
//
// Bytes, packed files and errors of loading for the tests of the data room.

#pragma once

#include <gtest/gtest.h>
#include <zlib.h>

#include <string>
#include <string_view>

#include "dga/base/error.h"
#include "dga/data/load.h"
#include "dga/data/source.h"
#include "tests/support/error_of.h"

namespace dga::test {

/// Bytes with NULs in them.
inline std::string bytes(std::initializer_list<int> values) {
  std::string out;
  for (const int value : values) {
    out += static_cast<char>(value);
  }
  return out;
}

/// Packed as the gzip program would.
inline std::string gzip(std::string_view text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

/// IDX files of two images of 1 x 2 pixels, and of their labels 3 and 8.
inline const std::string kIdxImages =
    bytes({0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 1, 2, 3, 4});
inline const std::string kIdxLabels = bytes({0, 0, 8, 1, 0, 0, 0, 2, 3, 8});

inline std::string error_of_loading(const std::string& data, const std::string& test_data = "") {
  return error_of<DataError>([&] { load_data({.data = data, .test_data = test_data}); });
}

}  // namespace dga::test
