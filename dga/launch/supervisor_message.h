// SPDX-License-Identifier: Apache-2.0
//
// SupervisorMessage: what the ranks of a job tell `dga launch`, which has started them, in lines on
// standard error. MPI launchers bring that from any node, without a port of our own.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dga {

struct SupervisorMessage {
  enum class Kind {
    workers,  ///< `number`: of the workers that the program asks for
    joined,   ///< all ranks have met, and the workers begin
    steps,    ///< `number`: the steps that the workers have taken; each second
    ended,    ///< the workers have done their work: there are no more messages about steps
    failed,   ///< the launch has failed after `number` steps; `text` says why
  };
  Kind kind = Kind::joined;
  std::int64_t number = 0;
  std::string text = {};
};

/// Every message begins with this character, which other text does not have.
inline constexpr char kMessageStart = '\x1e';

/// The message as one line, with its line break. `job`: the name of the job, which tells its
/// messages from those of other jobs.
std::string to_line(const SupervisorMessage& message, std::string_view job);

/// The message in a line without its line break, or nothing if it is none of the job.
std::optional<SupervisorMessage> message_in(std::string_view line, std::string_view job);

}  // namespace dga
