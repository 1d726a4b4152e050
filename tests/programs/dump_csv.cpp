// SPDX-License-Identifier: Apache-2.0
//
// Prints what dga reads from CSV files, as one line of JSON for each: tests compare it with what
// Python's csv module reads.
//     dump_csv [--task T] [--header H] [--decimal D] [--drop L] [--one-hot L] [--missing M] FILE…

#include <cstdio>
#include <exception>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "dga/base/error.h"
#include "dga/data/formats/csv/csv.h"

namespace {

nlohmann::json dump(const std::string& path, const dga::ReadOptions& options) {
  try {
    const dga::SourcePtr file = dga::open_file(path);
    const dga::Samples samples = dga::read_csv({&file, 1}, options);
    nlohmann::json columns = nlohmann::json::array();
    for (const dga::Column& column : samples.columns.all) {
      columns.push_back({column.name, dga::name_in(dga::kColumnUseNames, column.use)});
    }
    nlohmann::json rows = nlohmann::json::array();
    for (std::int64_t i = 0; i < samples.count; ++i) {
      const std::int64_t width = samples.shape[0];
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
    return {{"columns", columns}, {"rows", rows}};
  } catch (const dga::DataError& error) {
    return {{"error", error.what()}};
  }
}

}  // namespace

int main(int argc, char** argv) try {
  dga::ReadOptions options;
  std::vector<std::string> files;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (!argument.starts_with("--")) {
      files.push_back(argument);
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
      std::fprintf(stderr, "dump_csv: unknown %s\n", argument.c_str());
      return 2;
    }
  }
  for (const std::string& file : files) {
    std::puts(dump(file, options).dump().c_str());
  }
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "dump_csv: %s\n", error.what());
  return 1;
}
