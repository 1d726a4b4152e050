// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <memory>
#include <string>

#include "dga/storage/hdfs/delegation_token.h"
#include "dga/storage/hdfs/hadoop_conf.h"
#include "dga/storage/hdfs/hdfs_address.h"

namespace dga {

/// Who asks an HDFS: the owner of a delegation token, else of a Kerberos ticket, else a name that
/// the cluster believes.
struct HdfsIdentity {
  std::string user;
  bool kerberos = false;
  std::shared_ptr<DelegationToken> token = nullptr;
};

/// From HADOOP_USER_NAME, or else the user of the process; HADOOP_AUTHENTICATION, or else the
/// property hadoop.security.authentication; and DelegationToken::find. Throws as that does, and
/// StorageError for another way of authentication than simple and kerberos.
HdfsIdentity hdfs_identity(const HdfsAddress& address, const HadoopConf& conf);

}  // namespace dga
