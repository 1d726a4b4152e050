// SPDX-License-Identifier: Apache-2.0
//
// Damaged NPZ files. tests/cli/arrays_oracle_test.py reads those that NumPy writes.

#include "dga/data/formats/arrays/npz.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zip.h>

#include <string>
#include <utility>
#include <vector>

#include "dga/base/random.h"
#include "tests/data/data_fixture.h"

namespace dga {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

const std::string kX = std::string("\x93NUMPY\x01\x00\x3a\x00", 10) +
                       "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 2)}\n" + "abcd";
const std::string kY = std::string("\x93NUMPY\x01\x00\x38\x00", 10) +
                       "{'descr': '|u1', 'fortran_order': False, 'shape': (2,)}\n" + "ef";

/// A zip file with these members.
std::string zip_of(const std::vector<std::pair<std::string, std::string>>& members) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* target = zip_source_buffer_create(nullptr, 0, 0, &error);
  zip_source_keep(target);
  zip_t* archive = zip_open_from_source(target, ZIP_TRUNCATE, &error);
  for (const auto& [name, bytes] : members) {
    zip_source_t* member = zip_source_buffer(archive, bytes.data(), bytes.size(), 0);
    EXPECT_GE(zip_file_add(archive, name.c_str(), member, 0), 0);
  }
  EXPECT_EQ(zip_close(archive), 0);
  zip_stat_t status;
  zip_source_stat(target, &status);
  std::string result(status.size, '\0');
  zip_source_open(target);
  zip_source_read(target, result.data(), result.size());
  zip_source_close(target);
  zip_source_free(target);
  return result;
}

Samples read_zip(const std::string& bytes) {
  const SourcePtr file = source_of("a.npz", bytes);
  return read_labelled_arrays(npz_arrays({&file, 1}, {}).parts, {});
}

std::string npz_error(const std::string& bytes) {
  return test::error_of<DataError>([&] { read_zip(bytes); });
}

TEST(Npz, MembersAreArrays) {
  const Samples samples = read_zip(zip_of({{"x.npy", kX}, {"y.npy", kY}}));
  EXPECT_EQ(samples.count, 2);
  EXPECT_EQ(samples.features[3], 'd');
  EXPECT_EQ(samples.labels[1], 'f');
  EXPECT_EQ(samples.place(1), "a.npz: y: sample 1");
}

TEST(Npz, OtherZipFilesAreRefused) {
  EXPECT_EQ(npz_error(zip_of({{"xl/workbook.xml", "<x>"}})),
            "a.npz: expected a zip file of arrays as numpy.savez writes it, found the member "
            "xl/workbook.xml, which is no .npy array. Save or copy it again.");
  EXPECT_EQ(npz_error(zip_of({{"x.npy", kX}})),
            "a.npz: x: expected an array of labels (1 dimension) beside it, found none. Put both "
            "into one folder and give the folder.");
}

TEST(Npz, DamagedFilesAreRefused) {
  const std::string whole = zip_of({{"x.npy", kX}, {"y.npy", kY}});
  EXPECT_THAT(npz_error(whole.substr(0, whole.size() - 30)),
              StartsWith("a.npz: expected a zip file of arrays as numpy.savez writes it, found "));
  RandomStream stream(stream_key(3, "damaged npz"));
  int refused = 0;
  for (int i = 0; i < 3000; ++i) {
    std::string damaged = whole;
    damaged[stream.below(damaged.size())] = static_cast<char>(stream.below(256));
    try {
      read_zip(damaged);
    } catch (const DataError& error) {
      ++refused;
      EXPECT_THAT(error.what(), HasSubstr(": expected "));
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
    }
  }
  EXPECT_GT(refused, 1500);
}

}  // namespace
}  // namespace dga
