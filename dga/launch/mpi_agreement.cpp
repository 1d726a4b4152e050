// SPDX-License-Identifier: Apache-2.0
//
// One exchange in which ranks compare their facts or learn of an error. A digest and the kind of
// error go from each rank to all; texts follow only where something differs.

#include <mpi.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <exception>
#include <functional>
#include <future>
#include <new>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "dga/base/checksum.h"
#include "dga/base/clock.h"
#include "dga/base/error.h"
#include "dga/base/exception_text.h"
#include "dga/base/log.h"
#include "dga/base/machine_info.h"
#include "dga/comm/mpi/mpi_check.h"
#include "dga/launch/launch.h"
#include "dga/launch/launched_rank.h"
#include "dga/launch/mpi_session.h"
#include "dga/launch/rank_agreement.h"
#include "dga/launch/rank_facts.h"

namespace dga {
namespace {

// Texts are compared for at most so many kinds of ranks; an error lists no more.
constexpr std::size_t kMostGroups = 8;
constexpr std::chrono::microseconds kPollInterval{100};
// Rank 0 may work for hours, and the others must not take its cores.
constexpr std::chrono::milliseconds kIdleInterval{5};
constexpr std::chrono::seconds kHeartbeat{1};

std::atomic<bool> has_met{false};

enum class ErrorKind : std::int64_t { none, argument, no_data, data, storage, other };

/// What each rank tells all others.
struct Head {
  std::uint64_t digest = 0;  // of its facts
  ErrorKind kind = ErrorKind::none;
};

ErrorKind kind_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const InvalidArgument&) {
    return ErrorKind::argument;
  } catch (const DataNotFound&) {
    return ErrorKind::no_data;
  } catch (const DataError&) {
    return ErrorKind::data;
  } catch (const StorageError&) {
    return ErrorKind::storage;
  } catch (...) {
    return ErrorKind::other;
  }
}

std::string text_of_error(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::bad_alloc&) {
    return "[launch] expected enough memory, found none left. Use fewer ranks on a host, less "
           "data, "
           "or hosts with more memory.";
  } catch (const std::exception& known) {
    return exception_text(known);
  } catch (...) {
    return "it threw an object that is not a std::exception.";
  }
}

[[noreturn]] void throw_as(ErrorKind kind, const std::string& text) {
  switch (kind) {
    case ErrorKind::argument:
      throw InvalidArgument(text);
    case ErrorKind::no_data:
      throw DataNotFound(text);
    case ErrorKind::data:
      throw DataError(text);
    case ErrorKind::storage:
      throw StorageError(text);
    case ErrorKind::none:
    case ErrorKind::other:
      break;
  }
  throw Error(text);
}

/// Waits for `request` up to `timeout_s`. MPI's blocking collectives would wait for ever for a rank
/// that has ended or taken another path.
bool wait_for(MPI_Request& request, double timeout_s,
              std::chrono::microseconds interval = kPollInterval) {
  const double started = now_seconds();
  while (true) {
    int done = 0;
    check_mpi(MPI_Test(&request, &done, MPI_STATUS_IGNORE), "MPI_Test");
    if (done != 0) {
      return true;
    }
    if (now_seconds() - started > timeout_s) {
      return false;
    }
    std::this_thread::sleep_for(interval);
  }
}

class Exchange {
 public:
  Exchange(MPI_Comm all, double timeout_s) : all_(all), timeout_s_(timeout_s) {
    check_mpi(MPI_Comm_rank(all, &rank_), "MPI_Comm_rank");
    check_mpi(MPI_Comm_size(all, &size_), "MPI_Comm_size");
  }

  /// Sends this rank's head and receives those of all. Throws WorkerFailure if a rank does not
  /// arrive in time.
  void meet(const Head& mine) {
    heads_.resize(static_cast<std::size_t>(size_));
    MPI_Request request = MPI_REQUEST_NULL;
    check_mpi(MPI_Iallgather(&mine, sizeof(Head), MPI_BYTE, heads_.data(), sizeof(Head), MPI_BYTE,
                             all_, &request),
              "MPI_Iallgather");
    if (!wait_for(request, timeout_s_)) {
      end_without_others();
      throw WorkerFailure(
          str("[launch] rank ", rank_, " waited ", timeout_s_, " s for all ", size_,
              " ranks to call launch. Check whether one of them has ended or taken another path "
              "through the program, or raise --timeout."));
    }
  }

  /// Throws the error of the lowest rank that has one. `text`: this rank's error.
  void throw_first_error(std::string text) const {
    const auto failed = [](const Head& head) { return head.kind != ErrorKind::none; };
    const auto first = std::find_if(heads_.begin(), heads_.end(), failed);
    if (first == heads_.end()) {
      return;
    }
    const auto root = static_cast<int>(first - heads_.begin());
    if (!std::all_of(heads_.begin(), heads_.end(), failed)) {
      text += str(" (rank ", rank_, " on ", host_name(), ")");
    }
    broadcast(text, root);
    throw_as(first->kind, text);
  }

  bool all_equal() const {
    return std::all_of(heads_.begin(), heads_.end(),
                       [&](const Head& head) { return head.digest == heads_.front().digest; });
  }

  /// The facts of all ranks; of very different ranks only some. `text` has this rank's.
  std::vector<RankFacts> gather(const std::string& text) const {
    const std::vector<std::string> hosts = all_hosts();
    std::vector<RankFacts> groups;
    std::vector<std::uint64_t> digests;
    for (int rank = 0; rank < size_; ++rank) {
      const std::uint64_t digest = heads_[static_cast<std::size_t>(rank)].digest;
      auto known = std::find(digests.begin(), digests.end(), digest);
      if (known == digests.end()) {
        if (digests.size() == kMostGroups) {
          continue;
        }
        std::string facts = text;
        broadcast(facts, rank);
        known = digests.insert(digests.end(), digest);
        groups.push_back({.facts = facts_from(facts)});
      }
      RankFacts& group = groups[static_cast<std::size_t>(known - digests.begin())];
      group.ranks.push_back(rank);
      group.hosts.push_back(hosts[static_cast<std::size_t>(rank)]);
    }
    return groups;
  }

  int rank() const noexcept { return rank_; }

 private:
  void broadcast(std::string& text, int root) const {
    auto size = static_cast<std::int64_t>(text.size());
    check_mpi(MPI_Bcast(&size, 1, MPI_INT64_T, root, all_), "MPI_Bcast");
    text.resize(static_cast<std::size_t>(size));
    check_mpi(MPI_Bcast(text.data(), mpi_count(size), MPI_BYTE, root, all_), "MPI_Bcast");
  }

  std::vector<std::string> all_hosts() const {
    using Name = std::array<char, 64>;
    Name mine{};
    const std::string host = host_name();
    std::memcpy(mine.data(), host.data(), std::min(host.size(), mine.size() - 1));
    std::vector<Name> names(static_cast<std::size_t>(size_));
    check_mpi(MPI_Allgather(mine.data(), sizeof(Name), MPI_BYTE, names.data(), sizeof(Name),
                            MPI_BYTE, all_),
              "MPI_Allgather");
    std::vector<std::string> hosts;
    hosts.reserve(names.size());
    for (const Name& name : names) {
      hosts.emplace_back(name.data());
    }
    return hosts;
  }

  MPI_Comm all_;
  double timeout_s_;
  int rank_ = 0;
  int size_ = 0;
  std::vector<Head> heads_;
};

/// Rank 0 says it once, although every launch finds it again.
void warn_once(int rank, const std::string& text) {
  static std::atomic<bool> said{false};
  if (rank == 0 && !text.empty() && !said.exchange(true)) {
    log_warning(text);
  }
}

}  // namespace

void agree_over_mpi(const LaunchOptions& options) {
  const MPI_Comm all = all_ranks(options);
  has_met = true;
  Exchange exchange(all, options.timeout_s);
  const std::string text = text_of(launch_facts(options));
  exchange.meet({.digest = checksum(std::as_bytes(std::span(text)))});
  exchange.throw_first_error({});
  if (exchange.all_equal()) {
    return;
  }
  const std::vector<RankFacts> groups = exchange.gather(text);
  const std::string error = difference(groups, true);
  if (!error.empty()) {
    throw InvalidArgument(error);
  }
  warn_once(exchange.rank(), difference(groups, false));
}

void agree(const LaunchOptions& options) {
  if (resolve_engine(options.engine) == Engine::mpi) {
    agree_over_mpi(options);
  }
}

void fail_together(const LaunchOptions& options, const std::exception_ptr& error) {
  if (resolve_engine(options.engine) == Engine::mpi && !is_relaunched_worker()) {
    has_met = true;
    Exchange exchange(all_ranks(options), options.timeout_s);
    try {
      exchange.meet({.kind = kind_of(error)});
    } catch (const WorkerFailure&) {
      std::rethrow_exception(error);
    }
    exchange.throw_first_error(text_of_error(error));
  }
  std::rethrow_exception(error);
}

bool has_met_ranks() noexcept {
  return has_met;
}

int on_first_rank(const LaunchOptions& options, const std::function<int()>& work) {
  if (!has_other_ranks() || is_relaunched_worker()) {
    return work();
  }
  agree_over_mpi(options);
  const MPI_Comm all = all_ranks(options);
  int rank = 0;
  check_mpi(MPI_Comm_rank(all, &rank), "MPI_Comm_rank");
  int result = rank == 0 ? work() : 0;
  MPI_Request request = MPI_REQUEST_NULL;
  check_mpi(MPI_Ibcast(&result, 1, MPI_INT, 0, all, &request), "MPI_Ibcast");
  for (int done = 0; done == 0;) {
    check_mpi(MPI_Test(&request, &done, MPI_STATUS_IGNORE), "MPI_Test");
    std::this_thread::sleep_for(kIdleInterval);
  }
  return result;
}

bool first_rank_first(const LaunchOptions& options, const std::function<void()>& work) {
  if (resolve_engine(options.engine) != Engine::mpi || !has_other_ranks() ||
      is_relaunched_worker()) {
    work();
    return true;
  }
  agree_over_mpi(options);
  const MPI_Comm all = all_ranks(options);
  int rank = 0;
  check_mpi(MPI_Comm_rank(all, &rank), "MPI_Comm_rank");
  // MPI stays with this thread, which may be the only one that a program allows to call it.
  std::future<void> working =
      rank == 0 ? std::async(std::launch::async, work) : std::future<void>();
  enum Beat : int { goes_on, done, failed };
  std::exception_ptr error;
  for (int beat = goes_on; beat == goes_on;) {
    if (rank == 0 && working.wait_for(kHeartbeat) == std::future_status::ready) {
      try {
        working.get();
        beat = done;
      } catch (...) {
        error = std::current_exception();
        beat = failed;
      }
    }
    MPI_Request request = MPI_REQUEST_NULL;
    check_mpi(MPI_Ibcast(&beat, 1, MPI_INT, 0, all, &request), "MPI_Ibcast");
    if (!wait_for(request, options.timeout_s, kIdleInterval)) {
      end_without_others();
      throw WorkerFailure(
          str("[launch] rank ", rank, ": expected a sign of life within ", options.timeout_s,
              " s from ", rank == 0 ? "the ranks that wait for it" : "rank 0, for which it waits",
              ", found none. Check whether its process is still running, or raise --timeout."));
    }
    if (beat == failed) {
      if (error != nullptr) {
        fail_together(options, error);
      }
      agree_over_mpi(options);  // throws the error of rank 0
    }
  }
  return rank == 0;
}

}  // namespace dga
