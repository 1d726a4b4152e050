// SPDX-License-Identifier: Apache-2.0

#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "dga/base/home_path.h"
#include "dga/cli/command.h"
#include "dga/cli/inputs.h"
#include "dga/report/report.h"
#include "dga/storage/run_folder.h"
#include "dga/storage/store_path.h"

namespace dga {
namespace {

struct ReportOptions {
  std::vector<std::string> runs = {};
  std::string output = {};
};

int write(ReportOptions options) {
  std::vector<std::string> inputs;
  for (std::string& run : options.runs) {
    run = expand_home(run);
    const std::vector<std::string> files = run_files_in(run);
    inputs.insert(inputs.end(), files.begin(), files.end());
  }
  std::string output = expand_home(options.output);
  refuse_input_as_output(output, inputs);
  if (output.empty()) {
    output = path_in(options.runs.size() == 1 ? options.runs.front() : "", kReportFile);
  }
  write_report(options.runs, output);
  std::cout << "report     " << output << '\n';
  return 0;
}

}  // namespace

Action add_report(CLI::App& app) {
  const auto options = std::make_shared<ReportOptions>();
  app.add_option("RUN", options->runs, "Run folders. With several, the report compares them.")
      ->required()
      ->type_name("DIR");
  app.add_option(
         "--output", options->output,
         "File to write. Default: report.html in the run's folder, or in the current folder "
         "for several runs.")
      ->type_name("FILE");
  return [options] { return write(*options); };
}

}  // namespace dga
