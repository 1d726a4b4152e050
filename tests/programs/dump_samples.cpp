// SPDX-License-Identifier: Apache-2.0
//
// Prints what dga reads from files, or from folders of them, as one line of JSON for each: tests
// compare it with what other programs wrote or read.
//     dump_samples [--task T] [--header H] [--decimal D] [--drop L] [--one-hot L] [--missing M]
//     PATH…

#include <cstdio>
#include <exception>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "dga/base/error.h"
#include "dga/data/location.h"
#include "dga/data/read_files.h"

namespace {

nlohmann::json dump(const std::string& path, const dga::ReadOptions& options) {
  try {
    const dga::Samples samples = dga::read_files(dga::find_one_set(path).train, options);
    nlohmann::json columns = nlohmann::json::array();
    for (const dga::Column& column : samples.columns.all) {
      columns.push_back({column.name, dga::name_in(dga::kColumnUseNames, column.use)});
    }
    nlohmann::json rows = nlohmann::json::array();
    for (std::int64_t i = 0; i < samples.count; ++i) {
      std::int64_t width = 1;
      for (const std::int64_t dim : samples.shape) {
        width *= dim;
      }
      std::vector<double> row;
      for (std::int64_t f = 0; f < width; ++f) {
        const auto& origins = samples.origins.features;
        row.push_back(static_cast<double>(samples.features[i * width + f]) +
                      (origins.empty() ? 0 : origins[static_cast<std::size_t>(f)]));
      }
      nlohmann::json label;
      if (samples.targets) {
        label = static_cast<double>(samples.targets[i]) + samples.origins.target;
      } else if (samples.label_texts.empty()) {
        label = samples.labels[i];
      } else {
        label = samples.label_texts[static_cast<std::size_t>(samples.labels[i])];
      }
      rows.push_back({{"features", row}, {"label", label}, {"place", samples.place(i)}});
    }
    return {{"columns", columns}, {"shape", samples.shape}, {"rows", rows}};
  } catch (const dga::DataError& error) {
    return {{"error", error.what()}};
  }
}

}  // namespace

int main(int argc, char** argv) try {
  dga::ReadOptions options;
  std::vector<std::string> paths;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (!argument.starts_with("--")) {
      paths.push_back(argument);
      continue;
    }
    const std::string value = ++i < argc ? argv[i] : "";
    if (argument == "--task") {
      options.task = dga::value_in(dga::kTaskNames, value).value();
    } else if (argument == "--header") {
      options.table.header = dga::value_in(dga::kHeaderNames, value).value();
    } else if (argument == "--decimal") {
      options.table.decimal = dga::value_in(dga::kDecimalNames, value).value();
    } else if (argument == "--drop") {
      options.table.drop = value;
    } else if (argument == "--one-hot") {
      options.table.one_hot = value;
    } else if (argument == "--missing") {
      options.table.missing = dga::value_in(dga::kMissingNames, value).value();
    } else {
      std::fprintf(stderr, "dump_samples: unknown %s\n", argument.c_str());
      return 2;
    }
  }
  for (const std::string& path : paths) {
    std::puts(dump(path, options).dump().c_str());
  }
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "dump_samples: %s\n", error.what());
  return 1;
}
