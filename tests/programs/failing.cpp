// SPDX-License-Identifier: Apache-2.0
//
// A program whose worker fails in a chosen way while the others wait for it in a barrier:
//
//     failing ENGINE WORKERS HOW VICTIM [TIMEOUT_S [RANKS_PER_NODE]]
//
// HOW: none, throw, exit (_exit), std_exit, kill, stall, return, mismatch (another label), order (a
// broadcast in the place of the barrier, whose root waits for nobody), fork (a child of the victim
// calls exit, which is no failure), or lose: the workers meet over and over, until the test takes
// one of them away; or, for ranks of MPI, absent: the victim ends its program while the others go
// on to a second launch; silent: rank 0 stops its process while the others wait for its work;
// nested: the workers call launch again; long: worker 0 sends long messages,
// first to all and then to worker 1, which is no failure. It prints the moment of the failure
// and, on stderr, the error that launch throws; both with seconds since the epoch, for the test to
// compare. With IGNORE_SIGCHLD in its environment it ignores SIGCHLD.

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "dga/launch/launch.h"
#include "dga/launch/rank_agreement.h"

namespace {

double epoch() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

void fail(const std::string& how, dga::Environment& environment) {
  std::printf("failing %.6f process %d\n", epoch(), getpid());
  std::fflush(stdout);
  if (how == "throw") {
    throw std::runtime_error("planted failure");
  }
  if (how == "exit") {
    _exit(7);
  }
  if (how == "std_exit") {
    std::exit(7);
  }
  if (how == "order") {
    int value = 0;
    environment.world().broadcast({&value, 1}, environment.rank(), "instead");
    environment.world().barrier("then");
  }
  if (how == "fork") {
    const pid_t child = fork();
    if (child == 0) {
      std::exit(0);
    }
    waitpid(child, nullptr, 0);
    environment.world().barrier("end");
  }
  if (how == "kill") {
    kill(getpid(), SIGKILL);
  }
  if (how == "stall") {
    std::this_thread::sleep_for(std::chrono::seconds(4));
  }
  if (how == "mismatch") {
    environment.world().barrier("another one");
  }
}

/// Gives up after a minute, should nothing be taken away.
void meet_until_lost(dga::Environment& environment) {
  if (environment.is_root()) {
    std::printf("meeting\n");
    std::fflush(stdout);
  }
  for (int i = 0; i < 60'000; ++i) {
    environment.world().barrier("meet");
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

void send_long(const dga::Communicator& world) {
  std::vector<char> data(6'000'000);
  const dga::BufferView all{static_cast<void*>(data.data()), 6'000'000, dga::DType::u8};
  world.broadcast(all, 0, "long");
  if (world.rank() == 0) {
    world.send(all, 1);
  } else if (world.rank() == 1) {
    world.receive(all, 0);
  }
  world.barrier("after");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) {
    return 2;
  }
  const std::string how = argv[3];
  const int victim = std::atoi(argv[4]);
  if (std::getenv("IGNORE_SIGCHLD") != nullptr) {
    signal(SIGCHLD, SIG_IGN);
  }
  try {
    dga::LaunchOptions options{.engine = dga::engine_from(argv[1]), .workers = std::atoi(argv[2])};
    options.timeout_s = argc > 5 ? std::atof(argv[5]) : 60;
    options.ranks_per_node = argc > 6 ? std::atoi(argv[6]) : 0;
    if (how == "silent") {
      dga::first_rank_first(options, [] { kill(getpid(), SIGSTOP); });
      return 0;
    }
    if (how == "absent") {
      int rank = 0;
      dga::launch(options, [&](dga::Environment& environment) { rank = environment.rank(); });
      if (rank == victim) {
        return 0;
      }
    }
    dga::launch(options, [&](dga::Environment& environment) {
      environment.world().barrier("start");
      if (how == "nested") {
        dga::launch(options, [](dga::Environment&) {});
        return;
      }
      if (how == "long") {
        send_long(environment.world());
        return;
      }
      if (how == "lose") {
        meet_until_lost(environment);
        return;
      }
      if (environment.rank() == victim && how != "none") {
        std::this_thread::sleep_for(std::chrono::milliseconds(300));
        fail(how, environment);
        return;
      }
      environment.world().barrier("end");
    });
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%.6f %s\n", epoch(), error.what());
    return 1;
  }
  return 0;
}
