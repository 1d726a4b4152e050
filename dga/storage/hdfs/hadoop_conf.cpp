// SPDX-License-Identifier: Apache-2.0

#include "dga/storage/hdfs/hadoop_conf.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <pugixml.hpp>
#include <utility>

#include "dga/base/error.h"
#include "dga/storage/store_path.h"

namespace dga {
namespace {

std::string trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) {
    return "";
  }
  return std::string(text.substr(first, text.find_last_not_of(kSpace) - first + 1));
}

/// A part of a property, which is an element or an attribute of it.
std::string part_of(const pugi::xml_node& property, const char* name) {
  const pugi::xml_node child = property.child(name);
  return trimmed(child ? child.text().get() : property.attribute(name).value());
}

std::string conf_folder() {
  if (const char* folder = std::getenv("HADOOP_CONF_DIR"); folder != nullptr && *folder != '\0') {
    if (!StorePath(folder).is_folder()) {
      throw StorageError(str("[storage] HADOOP_CONF_DIR: expected a folder, found ",
                             StorePath(folder).exists() ? "a file" : "nothing", " at ",
                             printable(folder, 4096), ". Correct the variable."));
    }
    return folder;
  }
  if (const char* home = std::getenv("HADOOP_HOME"); home != nullptr && *home != '\0') {
    return str(home, "/etc/hadoop");
  }
  return "/etc/hadoop/conf";
}

}  // namespace

HadoopConf HadoopConf::load() {
  HadoopConf conf;
  conf.folder_ = conf_folder();
  constexpr std::array<const char*, 2> kFiles{"core-site.xml", "hdfs-site.xml"};
  for (const char* file : kFiles) {
    const StorePath path(path_in(conf.folder_, file));
    if (path.exists()) {
      conf.add(printable(path.text(), 4096), read_all(*path.open()));
    }
  }
  return conf;
}

void HadoopConf::add(const std::string& name, std::string_view xml) {
  const auto damaged = [&](const std::string& found, const char* advice) {
    return StorageError(str("[storage] ", name, ": expected a configuration of Hadoop, found ",
                            found, ". ", advice));
  };
  pugi::xml_document document;
  const pugi::xml_parse_result parsed = document.load_buffer(xml.data(), xml.size());
  if (!parsed) {
    const auto end = xml.begin() + std::min<std::ptrdiff_t>(parsed.offset, std::ssize(xml));
    std::string what = parsed.description();
    what[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(what[0])));
    throw damaged(str("damaged XML in line ", 1 + std::count(xml.begin(), end, '\n'), ": ",
                      printable(what, 200)),
                  "Repair the file.");
  }
  const pugi::xml_node root = document.child("configuration");
  if (!root) {
    throw damaged("no element <configuration>", "Repair the file.");
  }
  std::map<std::string, Value> read;
  for (const pugi::xml_node& element : root.children()) {
    if (std::strcmp(element.name(), "xi:include") == 0) {
      throw damaged("an <xi:include>, which dga does not follow",
                    "Write the properties of that file into this one.");
    }
    if (std::strcmp(element.name(), "property") != 0) {
      continue;
    }
    const std::string property = part_of(element, "name");
    if (property.empty()) {
      throw damaged("a <property> without a <name>", "Repair the file.");
    }
    read[property] = {part_of(element, "value"), name, part_of(element, "final") == "true"};
  }
  for (auto& [property, value] : read) {
    if (Value& known = values_[property]; !known.final) {
      known = std::move(value);
    }
  }
}

std::string HadoopConf::replaced(const std::string& property, const Value& value, int depth) const {
  std::string out;
  std::string_view rest = value.text;
  for (std::size_t at = rest.find("${"); at != std::string_view::npos; at = rest.find("${")) {
    const std::size_t end = rest.find('}', at);
    const std::string name(rest.substr(at + 2, std::min(end, rest.size()) - at - 2));
    constexpr std::string_view kVariable = "env.";
    const char* variable =
        name.starts_with(kVariable) ? std::getenv(name.c_str() + kVariable.size()) : nullptr;
    const auto found = values_.find(name);
    if (end == std::string_view::npos || depth == 0 ||
        (variable == nullptr && found == values_.end())) {
      throw StorageError(str("[storage] ", value.file, ": expected a value for ", property,
                             ", found \"", printable(value.text, 200),
                             "\", in which dga cannot replace ${", printable(name),
                             "}. Write the value itself."));
    }
    out += rest.substr(0, at);
    out += variable != nullptr ? variable : replaced(name, found->second, depth - 1);
    rest.remove_prefix(end + 1);
  }
  return out += rest;
}

std::optional<std::string> HadoopConf::find(const std::string& property) const {
  constexpr int kDeepest = 20;  // as in Hadoop: properties may name each other in a circle
  const auto found = values_.find(property);
  if (found == values_.end() || found->second.text.empty()) {
    return std::nullopt;
  }
  return replaced(property, found->second, kDeepest);
}

std::vector<std::string> HadoopConf::list(const std::string& property) const {
  std::vector<std::string> parts;
  const std::string text = find(property).value_or("");
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    if (std::string part = trimmed(std::string_view(text).substr(at, end - at)); !part.empty()) {
      parts.push_back(std::move(part));
    }
    at = end + 1;
  }
  return parts;
}

}  // namespace dga
