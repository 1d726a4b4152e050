// SPDX-License-Identifier: Apache-2.0

#include "dga/train/run_facts.h"

#include <ATen/Version.h>
#include <torch/version.h>

#include <algorithm>
#include <iterator>
#include <string>

#include "dga/launch/launched_rank.h"
#include "dga/options/option_facts.h"

namespace dga {
namespace {

/// The version of the torch that is loaded, which can be another than the one that dga was compiled
/// with.
std::string torch_version() {
  constexpr std::string_view kKey = "TORCH_VERSION=";
  const std::string config = at::show_config();
  const std::size_t key = config.find(kKey);
  if (key == std::string::npos) {
    return TORCH_VERSION;
  }
  const std::size_t first = key + kKey.size();
  return config.substr(first, config.find_first_of(", \n", first) - first);
}

}  // namespace

std::vector<Fact> run_facts(const RunOptions& options) {
  constexpr const char* kSameTorch = "Use the same installation of torch on all hosts.";
  // Other ranks may have been started with another command.
  std::vector<Fact> facts{{"command", "train", "Start all ranks with the same command."}};
  std::ranges::move(option_facts(options, launched_ranks()), std::back_inserter(facts));
  facts.push_back({"version of torch", torch_version(), kSameTorch});
  facts.push_back({"version of MKL", at::get_mkl_version(), kSameTorch});
  return facts;
}

}  // namespace dga
