// SPDX-License-Identifier: Apache-2.0

#include "dga/storage/manifest.h"

#include <algorithm>
#include <span>

#include "dga/base/error.h"
#include "dga/storage/atomic_file.h"
#include "dga/storage/json_number.h"
#include "dga/storage/run_folder.h"
#include "dga/storage/store_path.h"

namespace dga {
namespace {

constexpr int kManifestSchema = 1;
constexpr std::string_view kAlgorithm = "xxh3-128";

/// Of the files' entries, so that damage to the manifest itself is not taken for damage to a file.
std::string checksum_of(const Json& files) {
  const std::string text = line_text(files);
  ContentHash hash;
  hash.add(std::as_bytes(std::span(text)));
  return hash.sum().checksum;
}

bool is_name(const std::string& name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == std::string::npos;
}

bool is_checksum(const std::string& text) {
  return text.size() == 32 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

[[noreturn]] void refuse_manifest(const std::string& path) {
  throw StorageError(
      str("[storage] ", path,
          ": expected the manifest of a run or dataset, found JSON that is damaged or has "
          "other contents. Copy it again, or remove it to read the other files "
          "unchecked."));
}

void check_version(const Json& json, const std::string& path) {
  if (json.at("schema") != kManifestSchema || json.at("algorithm") != kAlgorithm) {
    throw StorageError(str("[storage] ", path, ": expected schema ", kManifestSchema, " with ",
                           kAlgorithm, ", found ", line_text(json.at("schema")), " with ",
                           line_text(json.at("algorithm")), ". Use the dga that wrote it."));
  }
}

}  // namespace

std::string to_json(const Manifest& manifest) {
  Json files = Json::array();
  for (const auto& [name, sum] : manifest.files) {
    files.push_back({{"name", name}, {"bytes", sum.bytes}, {"checksum", sum.checksum}});
  }
  Json json = {{"schema", kManifestSchema}, {"algorithm", kAlgorithm}};
  json["files_checksum"] = checksum_of(files);
  json["files"] = std::move(files);
  return file_text(json);
}

Manifest manifest_from_json(std::string_view text, const std::string& path) {
  try {
    const Json json = Json::parse(text);
    check_version(json, path);
    const Json& files = json.at("files");
    if (json.at("files_checksum") != checksum_of(files)) {
      refuse_manifest(path);
    }
    Manifest manifest;
    for (const Json& entry : files.get_ref<const Json::array_t&>()) {
      const auto name = entry.at("name").get<std::string>();
      ContentSum sum{.bytes = entry.at("bytes").get<std::int64_t>(),
                     .checksum = entry.at("checksum").get<std::string>()};
      if (!is_name(name) || sum.bytes < 0 || !is_checksum(sum.checksum) ||
          !manifest.files.emplace(name, std::move(sum)).second) {
        refuse_manifest(path);
      }
    }
    return manifest;
  } catch (const Json::exception&) {
    refuse_manifest(path);
  }
}

std::optional<Manifest> read_manifest(const std::string& folder) {
  const std::string path = path_in(folder, kManifestFile);
  if (!StorePath(path).exists()) {
    return std::nullopt;
  }
  return manifest_from_json(read_file(path), path);
}

std::optional<Manifest> read_data_manifest(const std::string& folder) {
  const StorePath path(path_in(folder, kManifestFile));
  const auto found = path.status();
  if (!found || !found->is_file()) {
    return std::nullopt;
  }
  const std::string text = read_file(path.text());
  // Text that is no JSON may be what is left of a manifest of dga, so it is not skipped.
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  const bool is_of_dga =
      json.is_discarded() ||
      (json.is_object() && (json.contains("algorithm") || json.contains("files_checksum")));
  return is_of_dga ? std::optional(manifest_from_json(text, path.text())) : std::nullopt;
}

}  // namespace dga
