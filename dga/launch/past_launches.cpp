// SPDX-License-Identifier: Apache-2.0

#include "dga/launch/past_launches.h"

#include <cstddef>
#include <exception>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "dga/base/error.h"
#include "dga/base/exception_text.h"
#include "dga/base/named_values.h"
#include "dga/comm/arena/segment.h"
#include "dga/launch/relaunch.h"

namespace dga {
namespace {

using Json = nlohmann::json;

enum class Ending {
  returned,
  invalid_argument,
  data_not_found,
  data_error,
  storage_error,
  worker_failure,
  preempted,
  interrupted,
  other_error,
};
constexpr NamedValues<Ending, 9> kEndings{{{"returned", Ending::returned},
                                           {"InvalidArgument", Ending::invalid_argument},
                                           {"DataNotFound", Ending::data_not_found},
                                           {"DataError", Ending::data_error},
                                           {"StorageError", Ending::storage_error},
                                           {"WorkerFailure", Ending::worker_failure},
                                           {"Preempted", Ending::preempted},
                                           {"Interrupted", Ending::interrupted},
                                           {"Error", Ending::other_error}}};

struct PastLaunch {
  Ending ending = Ending::other_error;
  std::string text = "[launch] expected a launch that has ended, found one that has not.";
};

PastLaunch ending_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const InvalidArgument& e) {
    return {Ending::invalid_argument, e.what()};
  } catch (const DataNotFound& e) {
    return {Ending::data_not_found, e.what()};
  } catch (const DataError& e) {
    return {Ending::data_error, e.what()};
  } catch (const StorageError& e) {
    return {Ending::storage_error, e.what()};
  } catch (const WorkerFailure& e) {
    return {Ending::worker_failure, e.what()};
  } catch (const Preempted& e) {
    return {Ending::preempted, e.what()};
  } catch (const Interrupted& e) {
    return {Ending::interrupted, e.what()};
  } catch (const std::exception& e) {
    return {Ending::other_error, exception_text(e)};
  } catch (...) {
    return {Ending::other_error, "it threw an object that is not a std::exception."};
  }
}

std::string tell(const PastLaunch& launch) {
  switch (launch.ending) {
    case Ending::returned:
      return launch.text;
    case Ending::invalid_argument:
      throw InvalidArgument(launch.text);
    case Ending::data_not_found:
      throw DataNotFound(launch.text);
    case Ending::data_error:
      throw DataError(launch.text);
    case Ending::storage_error:
      throw StorageError(launch.text);
    case Ending::worker_failure:
      throw WorkerFailure(launch.text);
    case Ending::preempted:
      throw Preempted(launch.text);
    case Ending::interrupted:
      throw Interrupted(launch.text);
    case Ending::other_error:
      break;
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
      told.push_back({value_in(kEndings, launch.at(0).get<std::string>()).value(),
                      launch.at(1).get<std::string>()});
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
    all.launches.emplace_back();
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
    end({Ending::returned, note});
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
    json.push_back({name_in(kEndings, launch.ending), launch.text});
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace dga
