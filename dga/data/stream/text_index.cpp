// SPDX-License-Identifier: Apache-2.0

#include "dga/data/stream/text_index.h"

#include <algorithm>
#include <exception>
#include <nlohmann/json.hpp>
#include <utility>

#include "dga/base/error.h"
#include "dga/base/log.h"
#include "dga/storage/byte_source.h"
#include "dga/storage/model_card.h"

namespace dga {
namespace {

using Json = nlohmann::json;

constexpr std::int64_t kMarkFields = 3;  // sample, file, offset

/// The file of a part, whose place begins with its name: "x.safetensors: y_train".
std::size_t file_of(const Samples::Part& part, std::span<const SourcePtr> files) {
  std::size_t found = files.size();
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (part.file.starts_with(files[i]->name()) &&
        (found == files.size() || files[i]->name().size() > files[found]->name().size())) {
      found = i;
    }
  }
  return found;
}

Json json_of_parts(const Samples& samples, std::span<const SourcePtr> files,
                   std::vector<std::int64_t>& lines) {
  Json parts = Json::array();
  for (const Samples::Part& part : samples.parts) {
    const std::size_t file = file_of(part, files);
    parts.push_back(
        {{"file", file},
         {"place", part.file.substr(file < files.size() ? files[file]->name().size() : 0)},
         {"count", part.count},
         {"first_line", part.first_line},
         {"lines", part.lines.size()}});
    lines.insert(lines.end(), part.lines.begin(), part.lines.end());
  }
  return parts;
}

/// What has no form of its own in a record must be as the pass leaves it.
void check_found(bool right, const char* what) {
  if (!right) {
    throw StorageError(str("expected ", what, " as a first pass finds them, found others"));
  }
}

void read_parts(const Json& json, const IndexRecord& record, std::span<const SourcePtr> files,
                Samples& samples) {
  const auto [lines, count] = record.array<std::int64_t>("lines");
  std::int64_t line = 0;
  std::int64_t all = 0;
  for (const Json& entry : json) {
    const auto file = entry.at("file").get<std::size_t>();
    const auto own = entry.at("lines").get<std::int64_t>();
    Samples::Part part{.count = entry.at("count").get<std::int64_t>(),
                       .first_line = entry.at("first_line").get<std::int64_t>()};
    check_found(file < files.size() && part.count >= 0 && own >= 0 && own <= count - line &&
                    (own == 0 || own == part.count),
                "the samples of each file");
    part.file = files[file]->name() + entry.at("place").get<std::string>();
    part.lines.assign(lines.get() + line, lines.get() + line + own);
    line += own;
    all += part.count;
    samples.parts.push_back(std::move(part));
  }
  check_found(all == samples.count && !samples.parts.empty(), "the samples of each file");
}

std::vector<TextMark> read_marks(const IndexRecord& record, std::span<const SourcePtr> files,
                                 std::int64_t samples) {
  const auto [fields, count] = record.array<std::int64_t>("marks");
  std::vector<TextMark> marks;
  marks.reserve(static_cast<std::size_t>(count / kMarkFields));
  for (std::int64_t i = 0; i + kMarkFields <= count; i += kMarkFields) {
    const TextMark mark{.sample = fields[i],
                        .file = static_cast<std::size_t>(fields[i + 1]),
                        .offset = fields[i + 2]};
    check_found(mark.file < files.size() && mark.offset >= 0 &&
                    mark.offset <= files[mark.file]->size() && mark.sample <= samples &&
                    mark.sample >= (marks.empty() ? 0 : marks.back().sample) &&
                    (marks.empty() || mark.file >= marks.back().file),
                "the places of records");
    marks.push_back(mark);
  }
  check_found(marks.empty() || marks.front().sample == 0, "the places of records");
  return marks;
}

TextPass pass_from(const IndexRecord& record, std::span<const SourcePtr> files) {
  const Json json = Json::parse(record.text);
  TextPass pass;
  Samples& samples = pass.samples;
  samples.count = json.at("count").get<std::int64_t>();
  samples.shape = json.at("shape").get<std::vector<std::int64_t>>();
  samples.label = json.at("label").get<std::string>();
  samples.notices = json.at("notices").get<std::vector<std::string>>();
  samples.label_texts = json.at("label_texts").get<std::vector<std::string>>();
  samples.missing_samples = json.at("missing").get<std::int64_t>();
  samples.dropped_samples = json.at("dropped").get<std::int64_t>();
  samples.columns =
      model_card_from_json(json.at("columns").get<std::string>(), "the index").columns;
  check_found(samples.count > 0 && !samples.shape.empty() &&
                  std::all_of(samples.shape.begin(), samples.shape.end(),
                              [](std::int64_t size) { return size > 0; }),
              "samples");
  if (record.arrays.contains("labels")) {
    samples.labels = record.array<std::int64_t>("labels", samples.count).first;
    const std::int64_t* const labels = samples.labels.get();
    const auto texts = std::ssize(samples.label_texts);
    check_found(
        texts == 0 || std::all_of(labels, labels + samples.count,
                                  [&](std::int64_t label) { return label >= 0 && label < texts; }),
        "labels");
  }
  if (record.arrays.contains("targets")) {
    samples.targets = record.array<float>("targets", samples.count).first;
  }
  const auto [origins, features] = record.array<double>("origins");
  check_found(features == 0 || features == width_of(samples), "origins");
  samples.origins.features.assign(origins.get(), origins.get() + features);
  samples.origins.target = *record.array<double>("target_origin", 1).first.get();
  read_parts(json.at("parts"), record, files, samples);
  pass.marks = read_marks(record, files, samples.count);
  return pass;
}

}  // namespace

std::string topic_of(const ReadOptions& options) {
  const Columns none;
  const Columns& columns = options.columns == nullptr ? none : *options.columns;
  Json topic{{"task", name_in(kTaskNames, options.task)},
             {"table", key_of(options.table)},
             {"columns", to_json(ModelCard{.columns = columns})},
             {"set", options.set ? static_cast<int>(*options.set) : -1}};
  if (options.origins != nullptr) {
    topic["origins"] = options.origins->features;
    topic["target_origin"] = options.origins->target;
  }
  return topic.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void keep_text_pass(const IndexFolder& folder, const IndexKey& key,
                    std::span<const SourcePtr> files, const Samples& samples) {
  const std::span<const TextMark> marks = samples.blocks->marks();
  if (marks.empty() && !samples.has_pass) {
    return;
  }
  std::vector<std::int64_t> lines;
  const Json text{{"count", samples.count},
                  {"shape", samples.shape},
                  {"label", samples.label},
                  {"notices", samples.notices},
                  {"label_texts", samples.label_texts},
                  {"missing", samples.missing_samples},
                  {"dropped", samples.dropped_samples},
                  {"columns", to_json(ModelCard{.columns = samples.columns})},
                  {"parts", json_of_parts(samples, files, lines)}};
  std::vector<std::int64_t> fields;
  fields.reserve(marks.size() * kMarkFields);
  for (const TextMark& mark : marks) {
    fields.insert(fields.end(), {mark.sample, static_cast<std::int64_t>(mark.file), mark.offset});
  }
  const double target = samples.origins.target;
  std::vector<TensorView> arrays{{"marks", DType::i64, {std::ssize(fields)}, fields.data()},
                                 {"lines", DType::i64, {std::ssize(lines)}, lines.data()},
                                 {"origins",
                                  DType::f64,
                                  {std::ssize(samples.origins.features)},
                                  samples.origins.features.data()},
                                 {"target_origin", DType::f64, {1}, &target}};
  if (samples.labels) {
    arrays.push_back({"labels", DType::i64, {samples.count}, samples.labels.get()});
  }
  if (samples.targets) {
    arrays.push_back({"targets", DType::f32, {samples.count}, samples.targets.get()});
  }
  folder.save(key, text.dump(-1, ' ', false, Json::error_handler_t::replace), arrays);
}

std::optional<TextPass> find_text_pass(const IndexFolder& folder, const IndexKey& key,
                                       std::span<const SourcePtr> files) {
  const auto record = folder.find(key);
  if (!record) {
    return std::nullopt;
  }
  try {
    return pass_from(*record, files);
  } catch (const std::exception& error) {
    log_warning("[data] ", printable(folder.path(), 4096),
                ": expected an index of streamed data, found a damaged one (", error.what(),
                "). The data is read again instead.");
    return std::nullopt;
  }
}

}  // namespace dga
