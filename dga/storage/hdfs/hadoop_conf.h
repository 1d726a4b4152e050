// SPDX-License-Identifier: Apache-2.0
//
// HadoopConf: what core-site.xml and hdfs-site.xml say.

#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dga {

class HadoopConf {
 public:
  /// No properties.
  HadoopConf() = default;

  /// Reads core-site.xml, then hdfs-site.xml, as far as they are there, from $HADOOP_CONF_DIR, else
  /// $HADOOP_HOME/etc/hadoop, else /etc/hadoop/conf. Throws StorageError if HADOOP_CONF_DIR names
  /// no folder, and for a damaged file.
  static HadoopConf load();

  /// Takes over the properties of the text of a file, which replace earlier ones that are not
  /// final. `name` is for errors. Throws StorageError if `xml` is malformed or includes other files
  /// (xi:include).
  void add(const std::string& name, std::string_view xml);

  /// The value of a property, with ${other} replaced; nothing if it is not set or empty. Throws
  /// StorageError for a ${other} that is not set.
  std::optional<std::string> find(const std::string& property) const;
  /// The parts of a value between commas; none if it is not set.
  std::vector<std::string> list(const std::string& property) const;

  /// Where the properties come from, for errors.
  const std::string& folder() const noexcept { return folder_; }

 private:
  struct Value {
    std::string text;
    std::string file;
    bool final = false;
  };
  std::string replaced(const std::string& property, const Value& value, int depth) const;

  std::string folder_;
  std::map<std::string, Value> values_;
};

}  // namespace dga
