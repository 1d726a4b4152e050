// SPDX-License-Identifier: Apache-2.0

#include "dga/launch/past_launches.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <exception>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dga/base/error.h"
#include "dga/base/exception_text.h"
#include "dga/comm/arena/segment.h"
#include "dga/launch/relaunch.h"

namespace dga {
namespace {

using Json = nlohmann::json;

struct PastLaunch {
  std::string ending;  // kReturned, or the name of an error
  std::string text;
};

constexpr const char* kReturned = "returned";
constexpr const char* kOtherError = "Error";

/// A type of error that keeps its type from process to process.
struct KnownError {
  const char* name;
  bool (*is)(const std::exception& error);
  void (*raise)(const std::string& text);
};

template <typename E>
constexpr KnownError known(const char* name) {
  return {name,
          [](const std::exception& error) { return dynamic_cast<const E*>(&error) != nullptr; },
          [](const std::string& text) { throw E(text); }};
}

// Derived types before their bases.
constexpr std::array kKnownErrors{
    known<InvalidArgument>("InvalidArgument"),
    known<DataNotFound>("DataNotFound"),
    known<DataError>("DataError"),
    known<StorageError>("StorageError"),
    known<WorkerFailure>("WorkerFailure"),
    known<Preempted>("Preempted"),
    known<Interrupted>("Interrupted"),
};

PastLaunch ending_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& e) {
    const auto type = std::find_if(kKnownErrors.begin(), kKnownErrors.end(),
                                   [&](const KnownError& each) { return each.is(e); });
    return {type == kKnownErrors.end() ? kOtherError : type->name, exception_text(e)};
  } catch (...) {
    return {kOtherError, "it threw an object that is not a std::exception."};
  }
}

std::string tell(const PastLaunch& launch) {
  if (launch.ending == kReturned) {
    return launch.text;
  }
  for (const KnownError& each : kKnownErrors) {
    if (launch.ending == each.name) {
      each.raise(launch.text);
    }
  }
  throw Error(launch.text);
}

/// What this process was told when it was executed as a worker.
std::vector<PastLaunch> told_launches() {
  std::vector<PastLaunch> told;
  const std::optional<RelaunchSeat> seat = relaunch_seat();
  if (!seat || seat->launch_index == 0) {
    return told;
  }
  const Segment text = Segment::attach(MemoryKind::mapped, seat->past);
  try {
    const auto* begin = reinterpret_cast<const char*>(text.data());
    for (const Json& launch : Json::parse(begin, begin + text.bytes())) {
      told.push_back({launch.at(0).get<std::string>(), launch.at(1).get<std::string>()});
    }
  } catch (const std::exception& error) {
    throw Error(str("[launch] expected the past launches of the program, found other text (",
                    error.what(), "). Please report this bug of dga."));
  }
  return told;
}

/// The launches of this program. A mutex guards both lists: several threads may launch.
struct History {
  std::mutex mutex;
  std::vector<PastLaunch> launches;                // that this process has begun
  std::vector<PastLaunch> told = told_launches();  // those before the one of this worker
};

/// Throws what told_launches throws.
History& history() {
  static History all;
  return all;
}

thread_local int current = -1;  // the launch that this thread is in

}  // namespace

std::string remember_launch(const std::function<std::string()>& work) {
  if (current >= 0) {
    return work();
  }
  History& all = history();
  std::size_t index = 0;
  {
    const std::lock_guard lock(all.mutex);
    index = all.launches.size();
    if (index < all.told.size()) {
      all.launches.push_back(all.told[index]);
      return tell(all.told[index]);
    }
    all.launches.push_back(
        {kOtherError, "[launch] expected a launch that has ended, found one that has not."});
  }
  struct Within {
    explicit Within(std::size_t launch) { current = static_cast<int>(launch); }
    ~Within() { current = -1; }
  };
  const auto end = [&](PastLaunch launch) {
    const std::lock_guard lock(all.mutex);
    all.launches[index] = std::move(launch);
  };
  try {
    const Within within(index);
    std::string note = work();
    end({kReturned, note});
    return note;
  } catch (...) {
    end(ending_of(std::current_exception()));
    throw;
  }
}

int launch_index() noexcept {
  return current;
}

std::string past_launches() {
  History& all = history();
  const std::lock_guard lock(all.mutex);
  Json json = Json::array();
  for (int i = 0; i < current; ++i) {
    const PastLaunch& launch = all.launches[static_cast<std::size_t>(i)];
    json.push_back({launch.ending, launch.text});
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace dga
