// SPDX-License-Identifier: Apache-2.0

#include "dga/data/data_summary.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "dga/base/error.h"
#include "dga/base/named_values.h"
#include "dga/data/source.h"

namespace dga {
namespace {

using SummaryJson = nlohmann::ordered_json;

constexpr NamedValues<FileUse, 5> kFileUses{{{"train", FileUse::train},
                                             {"validation", FileUse::validation},
                                             {"test", FileUse::test},
                                             {"class names", FileUse::class_names},
                                             {"ignored", FileUse::ignored}}};

std::string text_of(const DataSummary::File& file) {
  const std::string path = printable(file.path, 4096);
  if (file.images > 0) {
    return str(path, " (", file.images, file.images == 1 ? " image)" : " images)");
  }
  return file.reason.empty() ? path : str(path, " (", file.reason, ")");
}

/// "train: a, b; ignored: c (hidden)". Of more than `most` files of a use, names the first ones.
std::string files_text(const std::vector<DataSummary::File>& files, std::size_t most) {
  std::string text;
  for (const auto& [name, use] : kFileUses) {
    std::string named;
    std::size_t count = 0;
    for (const DataSummary::File& file : files) {
      if (file.use == use && count++ < most) {
        named += str(named.empty() ? "" : ", ", text_of(file));
      }
    }
    if (count > 0) {
      text += str(text.empty() ? "" : "; ", name, ": ", count > most ? str(count, " files, ") : "",
                  named, count > most ? ", …" : "");
    }
  }
  return text;
}

/// "3: a (50), b (50), c (49)", or the smallest and the largest of many.
std::string classes_text(const std::vector<DataSummary::Class>& classes) {
  constexpr std::size_t kMostNamed = 12;
  const auto named = [](const DataSummary::Class& one) {
    return str(printable(one.name), " (", one.samples, ")");
  };
  if (classes.size() > kMostNamed) {
    const auto [least, largest] =
        std::minmax_element(classes.begin(), classes.end(),
                            [](const auto& a, const auto& b) { return a.samples < b.samples; });
    return str(classes.size(), ", the smallest ", named(*least), ", the largest ", named(*largest));
  }
  std::string text = str(classes.size(), ": ");
  for (std::size_t i = 0; i < classes.size(); ++i) {
    text += (i == 0 ? "" : ", ") + named(classes[i]);
  }
  return text;
}

}  // namespace

std::string to_json(const DataSummary& summary) {
  SummaryJson json{{"files", SummaryJson::array()},
                   {"label", summary.label},
                   {"features", summary.features},
                   {"classes", SummaryJson::array()},
                   {"notices", summary.notices}};
  for (const DataSummary::File& file : summary.files) {
    json["files"].push_back({{"path", file.path}, {"use", name_in(kFileUses, file.use)}});
    if (!file.reason.empty()) {
      json["files"].back()["reason"] = file.reason;
    }
    if (file.images > 0) {
      json["files"].back()["images"] = file.images;
    }
  }
  for (const DataSummary::Class& one : summary.classes) {
    json["classes"].push_back({{"name", one.name}, {"samples", one.samples}});
  }
  return json.dump(-1, ' ', false, SummaryJson::error_handler_t::replace);
}

DataSummary data_summary_from_json(std::string_view text, const std::string& place) {
  try {
    const SummaryJson json = SummaryJson::parse(text);
    DataSummary summary{.label = json.at("label").get<std::string>(),
                        .features = json.at("features").get<std::int64_t>(),
                        .notices = json.at("notices").get<std::vector<std::string>>()};
    for (const SummaryJson& file : json.at("files")) {
      summary.files.push_back(
          {.path = file.at("path").get<std::string>(),
           .use = value_in(kFileUses, file.at("use").get<std::string>()).value_or(FileUse::ignored),
           .reason = file.value("reason", std::string()),
           .images = file.value("images", std::int64_t{0})});
    }
    for (const SummaryJson& one : json.at("classes")) {
      summary.classes.push_back({.name = one.at("name").get<std::string>(),
                                 .samples = one.at("samples").get<std::int64_t>()});
    }
    return summary;
  } catch (const SummaryJson::exception&) {
    throw DataError(str(place,
                        ": expected the summary of a dataset, found JSON that is damaged or says "
                        "something else. Was the file changed?"));
  }
}

std::vector<SummaryLine> summary_lines(const DataSummary& summary, std::size_t most_files) {
  std::vector<SummaryLine> lines;
  if (!summary.files.empty()) {
    lines.push_back({"files", files_text(summary.files, most_files)});
  }
  if (!summary.label.empty()) {
    lines.push_back({"label", printable(summary.label)});
  }
  lines.push_back({"features", str(summary.features)});
  if (!summary.classes.empty()) {
    lines.push_back({"classes", classes_text(summary.classes)});
  }
  return lines;
}

}  // namespace dga
