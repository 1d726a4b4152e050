// SPDX-License-Identifier: Apache-2.0
//
// Hosts: the machines that a host file lists for an MPI launcher.

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace dga {

struct Host {
  std::string name;
  int slots = 1;     ///< ranks that it may run
  std::string line;  ///< as the file says it, which may have more for the launcher

  bool operator==(const Host&) const = default;
};

/// Parses a host file of Open MPI ("node1 slots=4") or MPICH ("node1:4"); without a number a host
/// has one slot. Lines of the same host add up. `path` is for messages. Throws InvalidArgument for
/// other text, and for a file without a host.
std::vector<Host> hosts_in(std::string_view text, const std::string& path);

int slots_of(const std::vector<Host>& hosts) noexcept;

/// The text of a host file with these hosts.
std::string to_text(const std::vector<Host>& hosts);

}  // namespace dga
