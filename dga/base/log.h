// SPDX-License-Identifier: Apache-2.0
//
// Log: lines for the people who run a program, on standard error. What a program answers, and how
// far it has come, goes elsewhere.

#pragma once

#include <functional>
#include <string_view>

#include "dga/base/error.h"

namespace dga {

enum class LogLevel { debug, info, warning, error, off };

/// Lines below `level` are dropped; warnings and errors pass unless set. Applies to all threads.
void set_log_level(LogLevel level) noexcept;
LogLevel log_level() noexcept;

using LogSink = std::function<void(LogLevel level, std::string_view text)>;
/// Lines that pass the level go to `sink` from now on, instead of to standard error; an empty one
/// brings that back. The sink is called by one thread at a time, any of the program's, and must not
/// log itself. For programs that have a log of their own.
void set_log_sink(LogSink sink);

/// Writes "dga: LEVEL: text" as one line. Any thread; a line is never mixed with another one.
void log(LogLevel level, std::string_view text);

template <typename... Args>
void log_info(const Args&... args) {
  if (log_level() <= LogLevel::info) {
    log(LogLevel::info, str(args...));
  }
}

template <typename... Args>
void log_warning(const Args&... args) {
  if (log_level() <= LogLevel::warning) {
    log(LogLevel::warning, str(args...));
  }
}

}  // namespace dga
