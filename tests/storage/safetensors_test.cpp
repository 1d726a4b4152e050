// SPDX-License-Identifier: Apache-2.0
//
// The golden bytes were printed by Python's package (pip install safetensors==0.4.5 numpy==1.26.4):
//
//     import numpy as np, safetensors.numpy as s
//     tensors = {"w": np.array([[1.5, -2.0], [0.25, 3.0]], dtype=np.float32),
//                "n": np.array([7], dtype=np.int64), "b": np.array([1, 2, 255], dtype=np.uint8)}
//     print(s.save(tensors, metadata={"format": "dga"}).hex())

#include "dga/storage/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "dga/base/random.h"
#include "dga/storage/atomic_file.h"
#include "tests/support/error_of.h"
#include "tests/support/scratch_folder.h"

namespace dga {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr std::array<float, 4> kW{1.5F, -2.0F, 0.25F, 3.0F};
constexpr std::array<std::int64_t, 1> kN{7};
constexpr std::array<std::uint8_t, 3> kB{1, 2, 255};

std::vector<TensorView> small_tensors() {
  return {{.name = "n", .type = DType::i64, .shape = {1}, .data = kN.data()},
          {.name = "w", .type = DType::f32, .shape = {2, 2}, .data = kW.data()},
          {.name = "b", .type = DType::u8, .shape = {3}, .data = kB.data()}};
}

std::string golden_bytes() {
  const std::string head =
      R"({"__metadata__":{"format":"dga"},"n":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},)"
      R"("w":{"dtype":"F32","shape":[2,2],"data_offsets":[8,24]},)"
      R"("b":{"dtype":"U8","shape":[3],"data_offsets":[24,27]}}    )";
  return std::string("\xc8\0\0\0\0\0\0\0", 8) + head + std::string("\x07\0\0\0\0\0\0\0", 8) +
         std::string("\0\0\xc0\x3f\0\0\0\xc0\0\0\x80\x3e\0\0\x40\x40", 16) + "\x01\x02\xff";
}

/// A file with this header (its length written in front) and these data.
std::string file_of(const std::string& header, const std::string& data) {
  std::string bytes(8, '\0');
  const std::uint64_t length = header.size();
  std::memcpy(bytes.data(), &length, 8);
  return bytes + header + data;
}

std::vector<std::byte> bytes_of(const Safetensors& file, const StoredTensor& tensor) {
  std::vector<std::byte> bytes(static_cast<std::size_t>(tensor.bytes));
  file.read(tensor, bytes);
  return bytes;
}

TEST(Safetensors, WritesTheBytesThatPythonWrites) {
  const ScratchFolder folder;
  write_safetensors(folder.file("m"), small_tensors(), {{"format", "dga"}});
  EXPECT_EQ(read_file(folder.file("m")), golden_bytes());
}

TEST(Safetensors, ReadsTheBytesThatPythonWrites) {
  const ScratchFolder folder;
  atomic_write(folder.file("m"), golden_bytes());
  const Safetensors file(folder.file("m"));
  ASSERT_EQ(file.tensors().size(), 3U);
  EXPECT_EQ(file.metadata(), (Metadata{{"format", "dga"}}));
  const StoredTensor& w = file.at("w");
  EXPECT_EQ(w.type, DType::f32);
  EXPECT_EQ(w.shape, (std::vector<std::int64_t>{2, 2}));
  ASSERT_EQ(w.bytes, 16);
  EXPECT_EQ(std::memcmp(bytes_of(file, w).data(), kW.data(), 16), 0);
  EXPECT_EQ(std::memcmp(bytes_of(file, file.at("n")).data(), kN.data(), 8), 0);
  EXPECT_EQ(std::memcmp(bytes_of(file, file.at("b")).data(), kB.data(), 3), 0);
  std::array<std::byte, 15> small{};
  EXPECT_EQ(
      test::error_of<InvalidArgument>([&] { file.read(w, small); }),
      "[storage] " + folder.file("m") + ": expected memory of 16 bytes for tensor 'w', found 15.");
}

TEST(Safetensors, KeepsEveryTypeScalarsAndEmptyTensors) {
  const ScratchFolder folder;
  const std::array<std::uint64_t, 4> data{1, 2, 3, 4};
  std::vector<TensorView> tensors;
  for (const DType type :
       {DType::f32, DType::f64, DType::f16, DType::bf16, DType::i32, DType::i64, DType::u8}) {
    tensors.push_back(
        {.name = std::string(name_of(type)), .type = type, .shape = {3}, .data = data.data()});
  }
  tensors.push_back({.name = "scalar", .type = DType::f64, .shape = {}, .data = data.data()});
  tensors.push_back({.name = "empty", .type = DType::f32, .shape = {0, 5}});
  tensors.push_back({.name = "last", .type = DType::u8, .shape = {2}, .data = data.data()});
  write_safetensors(folder.file("m"), tensors);
  const Safetensors file(folder.file("m"));
  ASSERT_EQ(file.tensors().size(), tensors.size());
  for (const TensorView& tensor : tensors) {
    const StoredTensor& read = file.at(tensor.name);
    EXPECT_EQ(read.type, tensor.type) << tensor.name;
    EXPECT_EQ(read.shape, tensor.shape) << tensor.name;
    const auto* const expected = reinterpret_cast<const std::byte*>(data.data());
    EXPECT_EQ(bytes_of(file, read), std::vector<std::byte>(expected, expected + tensor.bytes()))
        << tensor.name;
  }
}

TEST(Safetensors, RefusesTwoTensorsOfOneName) {
  const ScratchFolder folder;
  std::vector<TensorView> tensors = small_tensors();
  tensors[1].name = "n";
  EXPECT_THAT(
      [&] { write_safetensors(folder.file("m"), tensors); },
      ThrowsMessage<InvalidArgument>("[storage] " + folder.file("m") +
                                     ": expected unique tensor names, found another 'n'. Rename "
                                     "the tensor (__metadata__ is reserved)."));
  EXPECT_TRUE(folder.names().empty());
}

TEST(Safetensors, SaysWhatIsWrongWithAFile) {
  const ScratchFolder folder;
  const std::string path = folder.file("m");
  const auto reason = [&](const std::string& bytes) {
    atomic_write(path, bytes);
    return test::error_of<StorageError>([&] { const Safetensors file(path); });
  };
  const auto entry = [](const std::string& type, const std::string& shape,
                        const std::string& offsets) {
    return R"({"w":{"dtype":")" + type + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets +
           "}}";
  };
  const std::string place = "[storage] " + path + ": ";
  EXPECT_EQ(reason("abc"), place +
                               "expected a safetensors file, found only 3 bytes. Copy the file "
                               "again, or save the model again.");
  EXPECT_THAT(reason(golden_bytes().substr(0, 100)),
              HasSubstr("expected a safetensors header within the file's 100 bytes, found a header "
                        "of 200 bytes"));
  EXPECT_THAT(reason(golden_bytes().substr(0, 234)),
              HasSubstr("expected tensor 'b' within 26 bytes of data, found bytes 24 to 27"));
  EXPECT_THAT(reason(golden_bytes() + "x"), HasSubstr("expected 27 bytes of tensors, found 28"));
  EXPECT_THAT(reason(file_of("{\"w\":", "")), HasSubstr("JSON that is damaged"));
  EXPECT_THAT(reason(file_of("[]", "")), HasSubstr("JSON that is damaged"));
  EXPECT_THAT(reason(file_of("{\"w\":{}}", "")), HasSubstr("JSON that is damaged"));
  EXPECT_THAT(
      reason(file_of(entry("C64", "[1]", "[0,8]"), std::string(8, ' '))),
      HasSubstr("expected tensor 'w' of type F32, F64, F16, BF16, I32, I64, U8, I8 or BOOL, "
                "found C64"));
  EXPECT_THAT(
      reason(file_of(entry("F32", "[2]", "[0,4]"), "1234")),
      HasSubstr("expected the number of bytes that the shape of tensor 'w' needs, found 4"));
  EXPECT_THAT(reason(file_of(entry("F32", "[-1]", "[0,4]"), "1234")),
              HasSubstr("expected the number of bytes"));
  EXPECT_THAT(
      reason(file_of(entry("F32", "[4611686018427387904,4611686018427387904]", "[0,4]"), "1234")),
      HasSubstr("expected the number of bytes"));
  EXPECT_THAT(
      reason(file_of(entry("F32", "[1]", "[4,8]"), "12345678")),
      HasSubstr("expected tensors that follow each other, found a gap or overlap before 'w'"));
  EXPECT_THAT(
      [&] {
        atomic_write(path, golden_bytes());
        Safetensors(path).at("v");
      },
      ThrowsMessage<StorageError>(
          HasSubstr("expected tensor 'v', found none of that name among 3")));
}

TEST(Safetensors, MeetsDamagedFilesWithAnErrorOrWholeTensors) {
  const ScratchFolder folder;
  RandomStream random(stream_key(1, "damage"));
  const std::string golden = golden_bytes();
  int refused = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string bytes = golden;
    for (std::uint64_t edits = 1 + random.below(3); edits > 0; --edits) {
      bytes[random.below(bytes.size())] = static_cast<char>(random.below(256));
    }
    if (random.below(4) == 0) {
      bytes.resize(random.below(bytes.size() + 1));
    }
    std::ofstream(folder.file("m"), std::ios::binary) << bytes;  // no need to sync these
    try {
      const Safetensors file(folder.file("m"));
      for (const StoredTensor& tensor : file.tensors()) {
        bytes_of(file, tensor);
      }
    } catch (const StorageError&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 1000);
}

}  // namespace
}  // namespace dga
