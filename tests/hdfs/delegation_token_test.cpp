// SPDX-License-Identifier: Apache-2.0
//
// The files are Hadoop 3.4.1's: Credentials.writeTokenStorageToStream in both formats, with a token
// of YARN, two of HDFS (the identifier of the first is the bytes 0 to 199) and a secret key. The
// texts are those of encodeToUrlString.

#include "dga/storage/hdfs/delegation_token.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <array>
#include <string>

#include "dga/base/error.h"
#include "dga/base/random.h"
#include "tests/support/error_of.h"

namespace dga::test {
namespace {

constexpr const char* kWritable =
    "SERUUwADAm5uj8gAAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAhIiMkJSYnKCkqKywtLi8wMTIzNDU2Nz"
    "g5Ojs8PT4/QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl9gYWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXp7"
    "fH1+f4CBgoOEhYaHiImKi4yNjo+QkZKTlJWWl5iZmpucnZ6foKGio6SlpqeoqaqrrK2ur7CxsrO0tba3uLm6u7y9vr"
    "/AwcLDxMXGxw9zZWNyZXQtcGFzc3dvcmQVSERGU19ERUxFR0FUSU9OX1RPS0VOEWhhLWhkZnM6bXljbHVzdGVyA25u"
    "MgNpZDIPc2Vjb25kLXBhc3N3b3JkFUhERlNfREVMRUdBVElPTl9UT0tFTg4xMjcuMC4wLjE6ODAyMAJybQVvdGhlcg"
    "JwdxBZQVJOX0FNX1JNX1RPS0VODjEyNy4wLjAuMTo4MDMwAQNrZXkOYW5vdGhlciBzZWNyZXQ=";
constexpr const char* kProtobuf =
    "SERUUwGiAwqNAgoCbm4ShgIKyAEAAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAhIiMkJSYnKCkqKywtLi"
    "8wMTIzNDU2Nzg5Ojs8PT4/QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl9gYWJjZGVmZ2hpamtsbW5vcHFy"
    "c3R1dnd4eXp7fH1+f4CBgoOEhYaHiImKi4yNjo+QkZKTlJWWl5iZmpucnZ6foKGio6SlpqeoqaqrrK2ur7CxsrO0tb"
    "a3uLm6u7y9vr/AwcLDxMXGxxIPc2VjcmV0LXBhc3N3b3JkGhVIREZTX0RFTEVHQVRJT05fVE9LRU4iEWhhLWhkZnM6"
    "bXljbHVzdGVyCkQKA25uMhI9CgNpZDISD3NlY29uZC1wYXNzd29yZBoVSERGU19ERUxFR0FUSU9OX1RPS0VOIg4xMj"
    "cuMC4wLjE6ODAyMAozCgJybRItCgVvdGhlchICcHcaEFlBUk5fQU1fUk1fVE9LRU4iDjEyNy4wLjAuMTo4MDMwEhUK"
    "A2tleRoOYW5vdGhlciBzZWNyZXQ=";
constexpr const char* kOfService =
    "j8gAAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAhIiMkJSYnKCkqKywtLi8wMTIzNDU2Nzg5Ojs8PT4_QE"
    "FCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl9gYWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXp7fH1-"
    "f4CBgoOEhYaHiImKi4yNjo-QkZKTlJWWl5iZmpucnZ6foKGio6SlpqeoqaqrrK2ur7CxsrO0tba3uLm6u7y9vr_Awc"
    "LDxMXGxw9zZWNyZXQtcGFzc3dvcmQVSERGU19ERUxFR0FUSU9OX1RPS0VOEWhhLWhkZnM6bXljbHVzdGVy";
constexpr const char* kOfHost =
    "A2lkMg9zZWNvbmQtcGFzc3dvcmQVSERGU19ERUxFR0FUSU9OX1RPS0VODjEyNy4wLjAuMTo4MDIw";

std::string decoded(const std::string& base64) {
  std::string bytes(base64.size(), '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                   reinterpret_cast<const unsigned char*>(base64.data()),
                                   static_cast<int>(base64.size()));
  const auto padding = base64.size() - base64.find_last_not_of('=') - 1;
  bytes.resize(static_cast<std::size_t>(size) - padding);
  return bytes;
}

const std::array<std::string, 2> kFiles{decoded(kWritable), decoded(kProtobuf)};

TEST(DelegationToken, IsThatOfTheFileSystemInBothFormatsOfHadoop) {
  for (const std::string& file : kFiles) {
    EXPECT_EQ(token_in(file, {"ha-hdfs:mycluster", "mycluster"}, "f"), kOfService);
    EXPECT_EQ(token_in(file, {"ha-hdfs:localhost:8020", "localhost"}, "f"), kOfHost);
    EXPECT_EQ(token_in(file, {"127.0.0.1"}, "f"), kOfHost);
  }
}

TEST(DelegationToken, OfAnotherFileSystemIsNotUsed) {
  for (const std::string& file : kFiles) {
    EXPECT_EQ(token_in(file, {"ha-hdfs:other", "127.0.0.2"}, "f"), "");
  }
}

TEST(DelegationToken, FilesThatAreCutAreRefused) {
  const std::string error =
      "[storage] f: expected tokens as Hadoop stores them, found a file that is damaged or of "
      "another kind. Correct HADOOP_TOKEN_FILE_LOCATION.";
  EXPECT_EQ(error_of<StorageError>([] { token_in("", {"x"}, "f"); }), error);
  EXPECT_EQ(error_of<StorageError>([] { token_in("HDTS\x07", {"x"}, "f"); }), error);
  for (const std::string& file : kFiles) {
    for (std::size_t size = 0; size < 300; size += 7) {
      EXPECT_EQ(error_of<StorageError>([&] { token_in(file.substr(0, size), {"x"}, "f"); }), error);
    }
  }
}

TEST(DelegationToken, BrokenFilesAreReadOrRefused) {
  RandomStream random(stream_key(5, "broken tokens"));
  int refused = 0;
  for (int round = 0; round < 4000; ++round) {
    std::string broken = kFiles[random.below(kFiles.size())];
    for (int change = 0; change < 4; ++change) {
      broken[random.below(broken.size())] = static_cast<char>(random.below(256));
    }
    try {
      token_in(broken, {"127.0.0.1"}, "f");
    } catch (const StorageError&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 100);
}

}  // namespace
}  // namespace dga::test
