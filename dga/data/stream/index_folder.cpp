// SPDX-License-Identifier: Apache-2.0

#include "dga/data/stream/index_folder.h"

#include <algorithm>
#include <exception>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "dga/base/build_info.h"
#include "dga/base/content_hash.h"
#include "dga/base/log.h"
#include "dga/base/parallel_for.h"
#include "dga/storage/atomic_file.h"
#include "dga/storage/file_tree.h"
#include "dga/storage/safetensors.h"
#include "dga/storage/store_path.h"

namespace dga {
namespace {

using Json = nlohmann::json;

// Rises when a file of the index means something else than before.
constexpr int kIndexVersion = 2;
constexpr std::string_view kIndexSuffix = ".safetensors";

std::string index_json_text(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// The checksums of the contents of all files; nothing unless all are on this machine.
std::optional<std::vector<std::string>> contents_of(const IndexKey& key) {
  const auto& files = key.files;
  if (!std::all_of(files.begin(), files.end(),
                   [](const IndexKey::File& file) { return StorePath(file.path).is_local(); })) {
    return std::nullopt;
  }
  std::vector<std::string> sums(files.size());
  parallel_for(std::ssize(files), key.threads, [&](std::int64_t i, int /*thread*/) {
    const SourcePtr source = StorePath(files[static_cast<std::size_t>(i)].path).open();
    ContentHash hash;
    source->stream(0, source->size(),
                   [&](std::span<const char> bytes) { hash.add(std::as_bytes(bytes)); });
    sums[static_cast<std::size_t>(i)] = hash.sum().checksum;
  });
  return sums;
}

/// Whether the files are those that `saved` describes.
bool same_files(const Json& saved, const IndexKey& key) {
  if (saved.size() != key.files.size()) {
    return false;
  }
  bool same_times = true;
  for (std::size_t i = 0; i < key.files.size(); ++i) {
    const IndexKey::File& file = key.files[i];
    if (saved[i].at("size").get<std::int64_t>() != file.size) {
      return false;
    }
    same_times = same_times && saved[i].at("stamp").get<std::string>() == file.stamp;
  }
  if (same_times) {
    return true;
  }
  for (const Json& file : saved) {
    if (!file.contains("checksum")) {
      return false;
    }
  }
  const auto sums = contents_of(key);
  for (std::size_t i = 0; sums && i < sums->size(); ++i) {
    if (saved[i].at("checksum").get<std::string>() != (*sums)[i]) {
      return false;
    }
  }
  return sums.has_value();
}

/// The checksum of what a record consists of.
class RecordSum {
 public:
  explicit RecordSum(std::string_view text) { hash_.add(std::as_bytes(std::span(text))); }

  void add(const std::string& name, const void* data, std::int64_t bytes) {
    hash_.add(std::as_bytes(std::span(name)));
    hash_.add({static_cast<const std::byte*>(data), static_cast<std::size_t>(bytes)});
  }
  std::string text() const { return hash_.sum().checksum; }

 private:
  ContentHash hash_;
};

IndexRecord read_record(const Safetensors& file) {
  IndexRecord record{.text = file.metadata().at("text")};
  RecordSum sum(record.text);
  for (const StoredTensor& tensor : file.tensors()) {
    IndexRecord::Array array{
        .type = tensor.type,
        .count = tensor.bytes / size_of(tensor.type),
        .bytes = std::shared_ptr<std::byte[]>(
            new std::byte[static_cast<std::size_t>(std::max<std::int64_t>(1, tensor.bytes))])};
    file.read(tensor, {array.bytes.get(), static_cast<std::size_t>(tensor.bytes)});
    sum.add(tensor.name, array.bytes.get(), tensor.bytes);
    record.arrays.emplace(tensor.name, std::move(array));
  }
  if (sum.text() != file.metadata().at("checksum")) {
    throw StorageError("expected content with the checksum that it had, found another");
  }
  return record;
}

}  // namespace

IndexKey IndexKey::with(std::string_view other) const {
  IndexKey key = *this;
  key.topic = str(topic, '\n', other);
  return key;
}

IndexKey index_key(std::string topic, std::span<const std::string> paths, int threads) {
  IndexKey key{.topic = std::move(topic), .files = {}, .threads = threads};
  key.files.resize(paths.size());
  parallel_for(std::ssize(paths), threads, [&](std::int64_t i, int /*thread*/) {
    const auto at = static_cast<std::size_t>(i);
    const StorePath path(paths[at]);
    const auto status = path.status();
    key.files[at] = {.path = paths[at],
                     .place = path.canonical(),
                     .stamp = status ? status->stamp : std::string(),
                     .size = status ? status->size : -1};
  });
  return key;
}

std::string IndexFolder::path_of(const IndexKey& key) const {
  ContentHash hash;
  const auto add = [&](std::string_view text) {
    hash.add(std::as_bytes(std::span(text)));
    hash.add(std::as_bytes(std::span("", 1)));
  };
  add(str(kIndexVersion, ' ', version()));
  add(key.topic);
  for (const IndexKey::File& file : key.files) {
    add(file.place);
  }
  return path_in(path_, str(hash.sum().checksum, kIndexSuffix));
}

std::optional<IndexRecord> IndexFolder::find(const IndexKey& key) const {
  const std::string path = path_of(key);
  try {
    if (!StorePath(path).exists()) {
      return std::nullopt;
    }
    const Safetensors file(path);
    if (!same_files(Json::parse(file.metadata().at("files")), key)) {
      return std::nullopt;
    }
    return read_record(file);
  } catch (const std::exception& error) {
    std::string_view found = error.what();
    found.remove_suffix(found.ends_with('.') ? 1 : 0);
    log_warning("[data] ", printable(path, 4096), ": expected an index of streamed data, found ",
                found, ". The data is read again instead.");
    return std::nullopt;
  }
}

void IndexFolder::save(const IndexKey& key, std::string_view text,
                       std::span<const TensorView> arrays) const {
  const std::string path = path_of(key);
  try {
    const auto sums = contents_of(key);
    std::vector<std::string> paths;
    Json files = Json::array();
    for (std::size_t i = 0; i < key.files.size(); ++i) {
      const IndexKey::File& file = key.files[i];
      paths.push_back(file.path);
      files.push_back({{"size", file.size}, {"stamp", file.stamp}});
      if (sums) {
        files.back()["checksum"] = (*sums)[i];
      }
    }
    if (index_key(key.topic, paths, key.threads).files != key.files) {
      return;
    }
    RecordSum sum(text);
    for (const TensorView& array : arrays) {
      sum.add(array.name, array.data, array.bytes());
    }
    make_folders(StorePath(path_));
    StorePath(path_).remove_abandoned();
    write_safetensors(
        path, arrays,
        {{"files", index_json_text(files)}, {"text", std::string(text)}, {"checksum", sum.text()}});
  } catch (const StorageError& error) {
    log_warning(
        "[data] the index of the streamed data is not kept, and the next run reads all of "
        "it first: ",
        error.what());
  }
}

}  // namespace dga
