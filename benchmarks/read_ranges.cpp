// SPDX-License-Identifier: Apache-2.0
//
// read_ranges FILE: reads a file, a path or a URI, in ranges of 256 MiB, as a program does that
// loads large arrays. Each is read over several connections where the store has some. For
// hdfs_vs_curl.

#include <algorithm>
#include <cstdint>
#include <exception>
#include <iostream>
#include <span>
#include <vector>

#include "dga/storage/store_path.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: read_ranges FILE\n";
    return 2;
  }
  try {
    const dga::SourcePtr file = dga::StorePath(argv[1]).open();
    std::vector<char> range(std::size_t{256} << 20);
    for (std::int64_t offset = 0; offset < file->size(); offset += std::ssize(range)) {
      const std::int64_t count = std::min(std::ssize(range), file->size() - offset);
      file->read(offset, std::span(range).first(static_cast<std::size_t>(count)));
    }
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
  return 0;
}
