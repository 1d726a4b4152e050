// SPDX-License-Identifier: Apache-2.0

#include "dga/base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <utility>

namespace dga {
namespace {

std::atomic<LogLevel> lowest{LogLevel::warning};

spdlog::level::level_enum spdlog_level(LogLevel level) noexcept {
  switch (level) {
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warning:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
    case LogLevel::off:
      break;
  }
  return spdlog::level::off;
}

// The logger is not in spdlog's registry: the registry belongs to the program that uses dga.
spdlog::logger& logger() {
  static const auto instance = [] {
    auto made =
        std::make_unique<spdlog::logger>("dga", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("dga: %l: %v");
    made->set_level(spdlog::level::trace);
    made->flush_on(spdlog::level::trace);
    return made;
  }();
  return *instance;
}

/// The mutex serialises calls of the sink, and changes of it, with each other.
struct Sink {
  std::mutex mutex;
  LogSink call;
};

Sink& user_sink() {
  // Never destroyed, because a worker thread may still log while static objects are destroyed.
  static Sink& sink = *new Sink;
  return sink;
}

}  // namespace

void set_log_level(LogLevel level) noexcept {
  lowest.store(level, std::memory_order_relaxed);
}

LogLevel log_level() noexcept {
  return lowest.load(std::memory_order_relaxed);
}

void set_log_sink(LogSink sink) {
  Sink& current = user_sink();
  const std::lock_guard lock(current.mutex);
  current.call = std::move(sink);
}

void log(LogLevel level, std::string_view text) {
  if (level >= log_level() && level != LogLevel::off) {
    Sink& current = user_sink();
    const std::lock_guard lock(current.mutex);
    if (current.call) {
      current.call(level, text);
      return;
    }
    logger().log(spdlog_level(level), spdlog::string_view_t(text.data(), text.size()));
  }
}

}  // namespace dga
