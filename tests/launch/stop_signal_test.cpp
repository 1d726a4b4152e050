// SPDX-License-Identifier: Apache-2.0

#include "dga/launch/stop_signal.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

#include "dga/base/error.h"

namespace dga {
namespace {

/// The status of a child that runs `body`, as waitpid tells it.
int status_of_child(const std::function<int()>& body) {
  const pid_t child = fork();
  if (child == 0) {
    _exit(body());
  }
  int status = 0;
  waitpid(child, &status, 0);
  return status;
}

int exit_code(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(StopSignal, IsNotRequestedToBeginWith) {
  EXPECT_FALSE(StopSignal::requested());
  const StopSignal stop;
  EXPECT_FALSE(StopSignal::requested());
}

TEST(StopSignal, RemembersTheFirstOfEachSignal) {
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2}) {
    const StopSignal stop;
    raise(number);
    EXPECT_TRUE(StopSignal::requested());
    EXPECT_EQ(StopSignal::signal_number(), number);
  }
  EXPECT_FALSE(StopSignal::requested());
}

TEST(StopSignal, EndsTheProcessAtTheSecond) {
  EXPECT_EQ(exit_code(status_of_child([] {
              const StopSignal stop;
              raise(SIGINT);
              usleep(250'000);
              raise(SIGINT);
              return 0;
            })),
            130);
}

TEST(StopSignal, TakesASignalToTheProcessAndToItsGroupAsOne) {
  EXPECT_EQ(exit_code(status_of_child([] {
              const StopSignal stop;
              raise(SIGINT);
              raise(SIGINT);
              raise(SIGCONT);
              return StopSignal::requested() ? 7 : 0;
            })),
            7);
}

TEST(StopSignal, TakesNoUserSignalAsASecondOne) {
  for (const int number : {SIGUSR1, SIGUSR2}) {
    EXPECT_EQ(exit_code(status_of_child([number] {
                const StopSignal stop;
                raise(SIGTERM);
                usleep(250'000);
                raise(number);
                return StopSignal::signal_number() == SIGTERM ? 7 : 0;
              })),
              7);
  }
}

TEST(StopSignal, ReachesForkedChildrenAndTheirParent) {
  const StopSignal stop;
  EXPECT_EQ(exit_code(status_of_child([] {
              raise(SIGTERM);
              return 0;
            })),
            0);
  EXPECT_EQ(StopSignal::signal_number(), SIGTERM);
  EXPECT_EQ(exit_code(status_of_child([] { return StopSignal::requested() ? 7 : 0; })), 7);
}

TEST(StopSignal, LetsAChildThatSawItSecondHandEndInItsOwnTime) {
  // The terminal signals parent and child alike, and the parent may be the faster one.
  const StopSignal stop;
  StopSignal::request(SIGINT);
  EXPECT_EQ(exit_code(status_of_child([] {
              raise(SIGINT);
              return 7;
            })),
            7);
}

TEST(StopSignal, PutsBackWhatWasThere) {
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2}) {
    const int status = status_of_child([number] {
      { const StopSignal stop; }
      raise(number);
      return 0;
    });
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == number);
  }
}

TEST(StopSignal, LeavesHangupsAloneWhereNohupIgnoresThem) {
  EXPECT_EQ(exit_code(status_of_child([] {
              signal(SIGHUP, SIG_IGN);
              const StopSignal stop;
              raise(SIGHUP);
              usleep(250'000);
              raise(SIGHUP);
              return StopSignal::requested() ? 7 : 0;
            })),
            0);
}

TEST(StopSignal, LeavesTheProgramsOwnHandlersOfUserSignalsAlone) {
  for (const int number : {SIGHUP, SIGUSR1, SIGUSR2}) {
    EXPECT_EQ(exit_code(status_of_child([number] {
                signal(number, [](int) { _exit(9); });
                const StopSignal stop;
                raise(number);
                return 0;
              })),
              9);
  }
}

TEST(StopSignal, QuitEndsTheProcessAtOnce) {
  const int status = status_of_child([] {
    const rlimit no_core{};
    setrlimit(RLIMIT_CORE, &no_core);
    const StopSignal stop;
    raise(SIGQUIT);
    return 0;
  });
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGQUIT);
}

TEST(StopSignal, LivesAlone) {
  const StopSignal stop;
  EXPECT_THROW(StopSignal second, InvalidArgument);
}

}  // namespace
}  // namespace dga
