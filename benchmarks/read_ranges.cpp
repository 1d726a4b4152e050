// SPDX-License-Identifier: Apache-2.0
//
// read_ranges FILE: reads a file, a path or a URI, in ranges of 256 MiB, as a program does that
// loads large arrays. Each is read over several connections where the store has some. For
// hdfs_vs_curl.

#include <algorithm>
#include <cstdint>
#include <exception>
#include <iostream>

#include "dga/data/aligned.h"
#include "dga/storage/store_path.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: read_ranges FILE\n";
    return 2;
  }
  try {
    const dga::SourcePtr file = dga::StorePath(argv[1]).open();
    constexpr std::int64_t kRange = std::int64_t{256} << 20;
    const auto range = dga::allocate_aligned<char>(kRange);  // as for samples
    for (std::int64_t offset = 0; offset < file->size(); offset += kRange) {
      const std::int64_t count = std::min(kRange, file->size() - offset);
      file->read(offset, {range.get(), static_cast<std::size_t>(count)});
    }
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
  return 0;
}
