// SPDX-License-Identifier: Apache-2.0

#include "dga/supervise/hosts.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <sstream>

#include "dga/base/error.h"
#include "dga/base/one_line.h"

namespace dga {
namespace {

constexpr int kMostSlots = 4096;

std::optional<int> slots_from(std::string_view digits) noexcept {
  int slots = 0;
  const char* const last = digits.data() + digits.size();
  const auto [end, error] = std::from_chars(digits.data(), last, slots);
  return error == std::errc() && end == last && slots >= 1 && slots <= kMostSlots
             ? std::optional(slots)
             : std::nullopt;
}

/// "slots = 4" as "slots=4".
std::string with_joined_values(const std::string& line) {
  std::string joined;
  for (const char c : line) {
    const bool after_equals = !joined.empty() && joined.back() == '=';
    if (c == '=') {
      joined.resize(joined.find_last_not_of(" \t") + 1);
    }
    if (!(after_equals && (c == ' ' || c == '\t'))) {
      joined += c;
    }
  }
  return joined;
}

/// The host of a line without comment, or nothing if the number of its slots is wrong.
std::optional<Host> host_in(const std::string& line) {
  std::istringstream in(with_joined_values(line));
  Host host;
  in >> host.name;
  host.line = line;
  std::optional<int> slots = 1;
  // "node1:4", but not the colons of an IPv6 address
  const std::size_t colon = host.name.find(':');
  if (colon != std::string::npos && colon == host.name.rfind(':')) {
    slots = slots_from(std::string_view(host.name).substr(colon + 1));
    host.name.resize(colon);
  }
  for (std::string word; in >> word;) {
    for (const std::string_view name : {"slots=", "cpu=", "count="}) {  // the same for Open MPI
      if (word.starts_with(name)) {
        slots = slots_from(std::string_view(word).substr(name.size()));
      }
    }
  }
  if (!slots || host.name.empty()) {
    return std::nullopt;
  }
  host.slots = *slots;
  return host;
}

}  // namespace

std::vector<Host> hosts_in(std::string_view text, const std::string& path) {
  std::vector<Host> hosts;
  std::istringstream in{std::string(text)};
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    line.resize(std::min(line.size(), line.find('#')));
    const std::size_t begin = line.find_first_not_of(" \t\r");
    if (begin == std::string::npos) {
      continue;
    }
    line = line.substr(begin, line.find_last_not_of(" \t\r") + 1 - begin);
    const std::optional<Host> host = host_in(line);
    DGA_CHECK(host, "[launch] ", path, ":", number,
              ": expected a host with 1 to 4096 slots, such as \"node1 slots=4\", found \"",
              one_line(line), "\".");
    const auto same = std::find_if(hosts.begin(), hosts.end(),
                                   [&](const Host& other) { return other.name == host->name; });
    if (same == hosts.end()) {
      hosts.push_back(*host);
    } else {
      same->slots += host->slots;
      same->line += "\n" + host->line;
    }
  }
  DGA_CHECK(!hosts.empty(), "[launch] ", path,
            ": expected a host in each line, such as \"node1 slots=4\", found none.");
  return hosts;
}

int slots_of(const std::vector<Host>& hosts) noexcept {
  int slots = 0;
  for (const Host& host : hosts) {
    slots += host.slots;
  }
  return slots;
}

std::string to_text(const std::vector<Host>& hosts) {
  std::string text;
  for (const Host& host : hosts) {
    text += host.line + "\n";
  }
  return text;
}

}  // namespace dga
