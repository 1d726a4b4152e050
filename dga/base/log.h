// SPDX-License-Identifier: Apache-2.0
//
// Log: messages for the user of a program, on standard error. Results and progress do not go
// through the log.

#pragma once

#include <functional>
#include <string_view>

#include "dga/base/error.h"

namespace dga {

enum class LogLevel { debug, info, warning, error, off };

/// Drops messages below `level`, in all threads. The default is LogLevel::warning.
void set_log_level(LogLevel level) noexcept;
LogLevel log_level() noexcept;

using LogSink = std::function<void(LogLevel level, std::string_view text)>;
/// Sends messages that pass the level to `sink` instead of standard error. An empty sink restores
/// standard error. Any thread may call the sink, one thread at a time; the sink itself must not
/// log. For programs that have a log of their own.
void set_log_sink(LogSink sink);

/// Writes "dga: LEVEL: text" as one line, or calls the sink if one is set. Thread-safe: lines of
/// different threads are never mixed.
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
