// SPDX-License-Identifier: Apache-2.0

#include "dga/storage/hdfs/hdfs_identity.h"

#include <pwd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <vector>

#include "dga/base/error.h"
#include "dga/base/lower_case.h"
#include "dga/storage/byte_source.h"

namespace dga {
namespace {

/// Hadoop's own variable, or else the user that the process runs as, whatever $USER says.
std::string user_name() {
  const char* name = std::getenv("HADOOP_USER_NAME");
  if (name != nullptr && *name != '\0') {
    return name;
  }
  passwd entry{};
  passwd* found = nullptr;
  std::vector<char> memory(std::size_t{16} << 10);
  while (getpwuid_r(geteuid(), &entry, memory.data(), memory.size(), &found) == ERANGE) {
    memory.resize(2 * memory.size());
  }
  return found == nullptr ? str(geteuid()) : found->pw_name;
}

bool uses_kerberos(const HadoopConf& conf) {
  const char* const variable = std::getenv("HADOOP_AUTHENTICATION");
  const bool is_set = variable != nullptr && *variable != '\0';
  const std::string way = lower_case(
      is_set ? variable : conf.find("hadoop.security.authentication").value_or("simple"));
  if (way != "simple" && way != "kerberos") {
    throw StorageError(
        str("[storage] ",
            is_set ? std::string("HADOOP_AUTHENTICATION")
                   : conf.folder() + "/core-site.xml: hadoop.security.authentication",
            ": expected simple or kerberos, found \"", printable(way), "\". Correct it."));
  }
  return way == "kerberos";
}

}  // namespace

HdfsIdentity hdfs_identity(const HdfsAddress& address, const HadoopConf& conf) {
  return {.user = user_name(),
          .kerberos = uses_kerberos(conf),
          .token = DelegationToken::find(address.services)};
}

}  // namespace dga
