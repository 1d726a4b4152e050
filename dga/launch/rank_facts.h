// SPDX-License-Identifier: Apache-2.0
//
// RankFacts: what ranks compare before they work together. Internal to the room.

#pragma once

#include <string>
#include <vector>

#include "dga/base/fact.h"
#include "dga/launch/launch_options.h"

namespace dga {

/// What a rank compares at a launch: `options.facts`, the other options unless a fact has the same
/// name, the version of dga, the environment variables that change results, and the processor.
std::vector<Fact> launch_facts(const LaunchOptions& options);

/// Facts, and the ranks that have them all.
struct RankFacts {
  std::vector<Fact> facts = {};
  std::vector<int> ranks = {};          // ascending
  std::vector<std::string> hosts = {};  // of these ranks
};

/// One line about the first fact that is not the same in all `groups`: its values, the ranks that
/// have them, and the names of other facts that differ. Considers only required facts, or only the
/// others. Empty if there is no difference.
std::string difference(const std::vector<RankFacts>& groups, bool required);

/// Facts as one text for another rank, and back.
std::string text_of(const std::vector<Fact>& facts);
std::vector<Fact> facts_from(const std::string& text);

}  // namespace dga
