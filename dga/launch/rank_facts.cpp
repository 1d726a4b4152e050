// SPDX-License-Identifier: Apache-2.0

#include "dga/launch/rank_facts.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>

#include "dga/base/build_info.h"
#include "dga/base/error.h"
#include "dga/base/machine_info.h"
#include "dga/data/source.h"
#include "dga/options/option_table.h"

namespace dga {
namespace {

// docs/engines.md gives the reason for each.
constexpr std::array kVariables{
    "ATEN_CPU_CAPABILITY",
    "MKL_CBWR",
    "MKL_ENABLE_INSTRUCTIONS",
    "ONEDNN_MAX_CPU_ISA",
    "DNNL_MAX_CPU_ISA",
    "ONEDNN_DEFAULT_FPMATH_MODE",
    "DNNL_DEFAULT_FPMATH_MODE",
    "TORCH_MKLDNN_MATMUL_MIN_DIM",
    "TORCH_MKLDNN_MATMUL_MIN_SIZE",
    "OPENBLAS_CORETYPE",
    "GLIBC_TUNABLES",
};

constexpr const char* kNothing = "nothing";
constexpr std::size_t kMostValues = 3;       // that an error lists
constexpr std::size_t kMostNames = 4;        // of further facts that differ
constexpr std::size_t kMostCharacters = 80;  // of a value
constexpr std::size_t kContext = 15;  // characters before the first difference, in a long value

std::string mesh_text(const std::optional<MeshSizes>& mesh) {
  return mesh ? str("data=", mesh->data, " pipeline=", mesh->pipeline, " tensor=", mesh->tensor,
                    " space=", mesh->space)
              : "all workers on axis data";
}

/// The options of a run that `launch` has, under their names there.
RunOptions run_options_of(const LaunchOptions& options) {
  RunOptions run;
  run.workers = {.count = options.workers,
                 .carriers = options.carriers,
                 .engine = Engine::mpi,
                 .ranks_per_node = options.ranks_per_node,
                 .timeout = options.timeout_s};
  run.training.seed = options.seed;
  return run;
}

/// The value of `name` in `facts`.
std::string value_in(const std::vector<Fact>& facts, const std::string& name) {
  const auto found =
      std::find_if(facts.begin(), facts.end(), [&](const Fact& fact) { return fact.name == name; });
  return found == facts.end() ? kNothing : found->value;
}

/// All facts of the groups, each name once.
std::vector<Fact> united(const std::vector<RankFacts>& groups) {
  std::vector<Fact> all;
  for (const RankFacts& group : groups) {
    for (const Fact& fact : group.facts) {
      if (std::none_of(all.begin(), all.end(),
                       [&](const Fact& other) { return other.name == fact.name; })) {
        all.push_back(fact);
      }
    }
  }
  return all;
}

/// "rank 3", "ranks 0, 2-29"
std::string ranks_text(const std::vector<int>& ranks) {
  std::string text = ranks.size() == 1 ? "rank " : "ranks ";
  for (std::size_t i = 0; i < ranks.size();) {
    std::size_t last = i;
    while (last + 1 < ranks.size() && ranks[last + 1] == ranks[last] + 1) {
      ++last;
    }
    text += str(i == 0 ? "" : ", ", ranks[i], last == i ? "" : str("-", ranks[last]));
    i = last + 1;
  }
  return text;
}

template <typename T>
void merge_into(std::vector<T>& all, const std::vector<T>& more) {
  all.insert(all.end(), more.begin(), more.end());
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
}

/// A value and the ranks that have it, in the order of their first ranks.
struct Holders {
  std::string value;
  std::vector<int> ranks;
  std::vector<std::string> hosts;
};

std::vector<Holders> holders_of(const std::string& name, const std::vector<RankFacts>& groups) {
  std::vector<Holders> all;
  for (const RankFacts& group : groups) {
    const std::string value = value_in(group.facts, name);
    auto same = std::find_if(all.begin(), all.end(),
                             [&](const Holders& other) { return other.value == value; });
    if (same == all.end()) {
      same = all.insert(all.end(), {value, {}, {}});
    }
    merge_into(same->ranks, group.ranks);
    merge_into(same->hosts, group.hosts);
  }
  std::sort(all.begin(), all.end(),
            [](const Holders& a, const Holders& b) { return a.ranks.front() < b.ranks.front(); });
  return all;
}

/// Cuts long values to the part where they begin to differ.
void shorten(std::vector<Holders>& holders) {
  const std::string first = holders.front().value;
  std::size_t common = first.size();
  std::size_t longest = 0;
  for (const Holders& holder : holders) {
    const auto end =
        std::mismatch(first.begin(), first.end(), holder.value.begin(), holder.value.end()).first;
    common = std::min(common, static_cast<std::size_t>(end - first.begin()));
    longest = std::max(longest, holder.value.size());
  }
  const std::size_t skipped =
      longest > kMostCharacters && common > kContext ? common - kContext : 0;
  for (Holders& holder : holders) {
    holder.value = str(skipped == 0 ? "" : "...",
                       printable(std::string_view(holder.value).substr(skipped), kMostCharacters));
  }
}

/// "0.003 on rank 0 and 0.1 on rank 1". Hosts are named where there are several.
std::string holders_text(std::vector<Holders> holders) {
  shorten(holders);
  std::vector<std::string> hosts;
  for (const Holders& holder : holders) {
    merge_into(hosts, holder.hosts);
  }
  std::string text;
  const std::size_t shown = std::min(holders.size(), kMostValues);
  for (std::size_t i = 0; i < shown; ++i) {
    const Holders& holder = holders[i];
    text += i == 0 ? "" : i + 1 == holders.size() ? " and " : ", ";
    text += str(holder.value, " on ", ranks_text(holder.ranks));
    if (hosts.size() > 1) {
      text += str(" (", holder.hosts.front(), holder.hosts.size() > 1 ? " and others)" : ")");
    }
  }
  return holders.size() > shown ? text + ", and other values" : text;
}

/// "; seed, lr and 3 more differ too"
std::string names_text(const std::vector<std::string>& names) {
  std::string text;
  const std::size_t shown = names.size() > kMostNames ? kMostNames - 1 : names.size();
  for (std::size_t i = 0; i < shown; ++i) {
    text += str(i == 0 ? "; " : i + 1 == names.size() ? " and " : ", ", names[i]);
  }
  if (names.size() > shown) {
    text += str(" and ", names.size() - shown, " more");
  }
  return names.empty() ? text : text + (names.size() == 1 ? " differs too" : " differ too");
}

}  // namespace

std::vector<Fact> launch_facts(const LaunchOptions& options) {
  constexpr const char* kSameOptions = "Start all ranks with the same options.";
  std::vector<Fact> facts = options.facts;
  const auto add = [&](Fact fact) {
    if (std::none_of(facts.begin(), facts.end(),
                     [&](const Fact& other) { return other.name == fact.name; })) {
      facts.push_back(std::move(fact));
    }
  };
  const RunOptions run = run_options_of(options);
  for (const Option& row : option_table()) {
    if (row.scope == Option::Scope::environment || row.name == "workers" || row.name == "seed") {
      add({row.name, row.text_of(row.get(run)), kSameOptions});
    }
  }
  add({"mesh", mesh_text(options.mesh), kSameOptions});
  add({"version of dga", str(version(), " (", build_description(), ")"),
       "Use the same installation on all hosts."});
  for (const char* name : kVariables) {
    const char* value = std::getenv(name);
    add({name, value == nullptr ? "unset" : value,
         "It changes results: set it to the same value for all ranks (mpirun -x NAME)."});
  }
  // These two make kernels the same on all processors, so a difference no longer matters.
  if (std::getenv("ATEN_CPU_CAPABILITY") == nullptr || std::getenv("MKL_CBWR") == nullptr) {
    add({"processor", kernel_target(),
         "The last bits of results can depend on which rank runs where. For equal bits on all "
         "processors, set ATEN_CPU_CAPABILITY and MKL_CBWR for all ranks.",
         false});
  }
  return facts;
}

std::string difference(const std::vector<RankFacts>& groups, bool required) {
  std::string text;
  std::string remedy;
  std::vector<std::string> others;
  for (const Fact& fact : united(groups)) {
    if (fact.required != required) {
      continue;
    }
    std::vector<Holders> holders = holders_of(fact.name, groups);
    if (holders.size() < 2) {
      continue;
    }
    if (text.empty()) {
      text = str("[launch] ", fact.name, ": expected the same on all ranks, found ",
                 holders_text(std::move(holders)));
      remedy = fact.remedy;
    } else {
      others.push_back(fact.name);
    }
  }
  return text.empty() ? text : str(text, names_text(others), ". ", remedy);
}

// Each of the four fields ends with a NUL, which no field contains: printable() has escaped it.
std::string text_of(const std::vector<Fact>& facts) {
  std::string text;
  for (const Fact& fact : facts) {
    for (const std::string& field :
         {fact.name, fact.value, fact.remedy, std::string(fact.required ? "required" : "")}) {
      text += printable(field, field.size());
      text += '\0';
    }
  }
  return text;
}

std::vector<Fact> facts_from(const std::string& text) {
  std::vector<Fact> facts;
  std::size_t at = 0;
  const auto field = [&] {
    const std::size_t end = std::min(text.find('\0', at), text.size());
    std::string found = text.substr(at, end - at);
    at = end + 1;
    return found;
  };
  while (at < text.size()) {
    Fact fact;
    fact.name = field();
    fact.value = field();
    fact.remedy = field();
    fact.required = !field().empty();
    facts.push_back(std::move(fact));
  }
  return facts;
}

}  // namespace dga
