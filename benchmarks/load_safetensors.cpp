// SPDX-License-Identifier: Apache-2.0
//
// Reads all tensors of a safetensors file into memory and prints one line of JSON:
// load_safetensors FILE

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <memory>
#include <vector>

#include "dga/base/clock.h"
#include "dga/storage/safetensors.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: load_safetensors FILE\n");
    return 2;
  }
  try {
    const double start = dga::now_seconds();
    const dga::Safetensors file(argv[1]);
    std::vector<std::unique_ptr<std::byte[]>> memory;
    for (const dga::StoredTensor& tensor : file.tensors()) {
      const auto bytes = static_cast<std::size_t>(tensor.bytes);
      memory.push_back(std::make_unique_for_overwrite<std::byte[]>(bytes));
      file.read(tensor, {memory.back().get(), bytes});
    }
    const double seconds = dga::now_seconds() - start;
    double sum = 0;  // compared with the values that the package read
    for (std::size_t i = 0; i < memory.size(); ++i) {
      for (std::int64_t at = 0; at < file.tensors()[i].bytes; at += 4096) {
        float value = 0;
        std::memcpy(&value, memory[i].get() + at, sizeof value);
        sum += static_cast<double>(value);
      }
    }
    std::printf("{\"seconds\": %.4f, \"sum\": %.9g}\n", seconds, sum);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
