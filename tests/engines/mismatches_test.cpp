// SPDX-License-Identifier: Apache-2.0
//
// Calls that do not match: every worker throws within seconds, and the line shows both calls. The
// timeout is far longer than a test may take, so none of them waits for it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "dga/base/clock.h"
#include "dga/base/error.h"
#include "dga/comm/collectives/signature.h"
#include "dga/launch/launched_rank.h"
#include "tests/support/engine_suite.h"
#include "tests/support/error_of.h"

namespace dga::test {
namespace {

using testing::AllOf;
using testing::AnyOf;
using testing::HasSubstr;
using Kind = CollectiveKind;

int workers() {
  const LaunchOptions& options = engine_options();
  return options.engine == Engine::mpi ? launched_ranks() : options.workers;
}

/// The counts for which the errors name the workers that they should, without taking long. For runs
/// by hand: the suites have no others.
bool is_worth_it() {
  return workers() >= 3 && workers() <= 6;
}

/// Memory for `share`, allocated before any call.
thread_local const SharedBuffer* shared = nullptr;
constexpr std::int64_t kSharedBytes = std::int64_t{32} << 20;

/// The error of a launch in which the last worker calls `odd` and the others call `usual`. Checks
/// how long it took, from the first call to the last error.
std::string error_of_calls(const Worker& usual, const Worker& odd) {
  LaunchOptions options = engine_options();
  options.timeout_s = 60;
  const double started = now_seconds();
  std::string text = error_of<WorkerFailure>([&] {
    launch(options, [&](Environment& environment) {
      const SharedBuffer memory = environment.world().allocate_on_node(kSharedBytes);
      shared = &memory;
      environment.world().barrier("start");
      (environment.rank() == environment.workers() - 1 ? odd : usual)(environment);
    });
  });
  EXPECT_LT(now_seconds() - started, 20) << text;
  return text;
}

struct Collective {
  Kind kind = Kind::barrier;
  std::int64_t count = 3;
  DType type = DType::f32;
  ReduceOp op = ReduceOp::sum;
  int root = 0;
  std::string label = "it";
  int holder = -1;  // the only worker whose count is not 0; -1: all counts are equal

  bool reduces() const {
    return kind == Kind::reduce || kind == Kind::all_reduce || kind == Kind::reduce_scatter;
  }
  bool has_root() const {
    return kind == Kind::broadcast || kind == Kind::reduce || kind == Kind::gather ||
           kind == Kind::scatter;
  }
  bool has_elements() const { return kind != Kind::barrier; }
  bool has_counts() const {
    return kind == Kind::reduce_scatter || kind == Kind::all_gather || kind == Kind::gather ||
           kind == Kind::scatter || kind == Kind::share;
  }
  /// Of each worker, for those operations that take them.
  std::vector<std::int64_t> counts() const {
    std::vector<std::int64_t> all(static_cast<std::size_t>(workers()), holder < 0 ? count : 0);
    if (holder >= 0) {
      all[static_cast<std::size_t>(holder)] = count * workers();
    }
    return all;
  }
  /// Elements as errors count them.
  std::int64_t total() const {
    const bool once = kind == Kind::broadcast || kind == Kind::reduce || kind == Kind::all_reduce;
    return once ? count : count * workers();
  }

  void operator()(Environment& environment) const {
    const Communicator& world = environment.world();
    const std::vector<std::int64_t> each = counts();
    const std::int64_t mine = has_counts() ? each[static_cast<std::size_t>(world.rank())] : count;
    std::vector<double> one(static_cast<std::size_t>(mine) + 1);
    std::vector<double> all(static_cast<std::size_t>(count * world.size()) + 1);
    const BufferView part{static_cast<void*>(one.data()), mine, type};
    const BufferView whole{static_cast<void*>(all.data()), count * world.size(), type};
    switch (kind) {
      case Kind::barrier:
        return world.barrier(label);
      case Kind::broadcast:
        return world.broadcast(part, root, label);
      case Kind::reduce:
        return world.reduce(part, whole.slice(0, count), root, op, label);
      case Kind::all_reduce:
        return world.all_reduce(part, op, label);
      case Kind::reduce_scatter:
        return world.reduce_scatter(whole, part, op, each, 1, label);
      case Kind::reduce_partials:
        return world
            .start_reduce_scatter_partials(whole, part, WorkerBlocks(world.size(), world.size()),
                                           each, label)
            .wait();
      case Kind::all_gather:
        return world.all_gather(part, whole, each, label);
      case Kind::gather:
        return world.gather(part, whole, root, each, label);
      case Kind::scatter:
        return world.scatter(whole, part, root, each, label);
      case Kind::all_to_all:
        return world.all_to_all(whole, whole, {}, {}, label);
      case Kind::share:
        return world.share({shared->data(), count * world.size(), type}, each, label);
      case Kind::exchange:
        (void)world.allocate(count);
    }
  }
};

class Mismatch : public testing::TestWithParam<Kind> {
 protected:
  void SetUp() override {
    if (!is_worth_it()) {
      GTEST_SKIP();
    }
  }

  /// Both texts are in the error, each with its worker; with both of them as the odd one.
  static void expect(const Collective& a, const Collective& b, const std::string& text_a,
                     const std::string& text_b) {
    expect_one_way(a, b, text_a, text_b);
    expect_one_way(b, a, text_a, text_b);
  }
  static void expect_one_way(const Collective& usual, const Collective& odd,
                             const std::string& text_a, const std::string& text_b) {
    EXPECT_THAT(
        error_of_calls(usual, odd),
        AllOf(HasSubstr(text_a), HasSubstr(text_b), HasSubstr(str("on worker ", workers() - 1)),
              HasSubstr(", as on worker "), HasSubstr("[comm] operation ")));
  }
};

TEST_P(Mismatch, OfTheRoot) {
  const Collective a{.kind = GetParam(), .root = 0};
  Collective b = a;
  b.root = workers() - 1;
  if (a.has_root()) {
    expect(a, b, " with root 0", str(" with root ", b.root));
  }
}

TEST_P(Mismatch, OfTheReduction) {
  const Collective a{.kind = GetParam()};
  Collective b = a;
  b.op = ReduceOp::max;
  if (a.reduces()) {
    expect(a, b, " with sum", " with max");
  }
}

TEST_P(Mismatch, OfTheType) {
  const Collective a{.kind = GetParam()};
  Collective b = a;
  b.type = DType::i32;
  if (a.has_elements()) {
    expect(a, b, " f32", " i32");
  }
}

TEST_P(Mismatch, OfTheCount) {
  std::vector<std::pair<std::int64_t, std::int64_t>> cases{{0, 3}, {7, 700'001}};
  if (GetParam() == Kind::all_reduce) {
    cases.emplace_back(1'000'000, 400'000);  // both are cut between nodes
  }
  for (const auto& [usual, odd] : cases) {
    Collective a{.kind = GetParam(), .count = usual};
    Collective b = a;
    b.count = odd;
    if (a.kind == Kind::all_to_all) {
      EXPECT_THAT(error_of_calls(a, b),
                  AllOf(HasSubstr("all_to_all 'it' (operation "),
                        AnyOf(HasSubstr(str(": expected ", usual, " f32 from worker ")),
                              HasSubstr(str(": expected ", odd, " f32 from worker "))),
                        AnyOf(HasSubstr(str(", found ", usual, ". Exchange the counts first")),
                              HasSubstr(str(", found ", odd, ". Exchange the counts first")))));
    } else if (a.has_elements()) {
      expect_one_way(a, b, str(" of ", a.total(), " f32"), str(" of ", b.total(), " f32"));
    }
  }
}

TEST_P(Mismatch, OfUnevenCounts) {
  const int last = workers() - 1;
  const Collective a{.kind = GetParam(), .holder = 0};
  Collective b = a;
  b.holder = last;
  if (a.has_counts()) {
    expect(a, b, str(" of ", a.total(), " f32 (", a.total(), ", 0, "),
           str(" of ", a.total(), " f32 (0, 0, "));
  }
}

TEST_P(Mismatch, OfTheLabel) {
  const Collective a{.kind = GetParam()};
  Collective b = a;
  b.label = "another";
  expect(a, b, " 'it'", " 'another'");
}

TEST_P(Mismatch, OfTheOperation) {
  const Collective a{.kind = GetParam()};
  for (const Kind other : {Kind::barrier, Kind::broadcast, Kind::all_reduce, Kind::gather,
                           Kind::share, Kind::exchange}) {
    if (other != a.kind) {
      const Collective b{.kind = other, .root = workers() - 1};
      expect(a, b, str(collective_name(a.kind)), str(collective_name(other)));
    }
  }
}

/// Of calls in which somebody does not wait for all others.
class MismatchOfCalls : public Mismatch {};

TEST_P(MismatchOfCalls, OfTheirNumber) {
  const Collective call{.kind = GetParam(), .root = workers() - 1};
  const auto twice = [&](Environment& environment) {
    call(environment);
    call(environment);
  };
  EXPECT_THAT(error_of_calls(twice, call),
              AllOf(HasSubstr(str("worker ", workers() - 1, " has returned, but worker ")),
                    HasSubstr(str(" waits for it in ", collective_name(call.kind), " '"))));
  EXPECT_THAT(error_of_calls(call, twice),
              AllOf(HasSubstr(" has returned, but worker "),
                    HasSubstr(str(" waits for it in ", collective_name(call.kind), " '"))));
}

INSTANTIATE_TEST_SUITE_P(Of, Mismatch,
                         testing::Values(Kind::barrier, Kind::broadcast, Kind::reduce,
                                         Kind::all_reduce, Kind::reduce_scatter, Kind::all_gather,
                                         Kind::gather, Kind::scatter, Kind::all_to_all,
                                         Kind::share),
                         [](const auto& each) { return str(collective_name(each.param)); });

INSTANTIATE_TEST_SUITE_P(Of, MismatchOfCalls,
                         testing::Values(Kind::broadcast, Kind::reduce, Kind::gather, Kind::scatter,
                                         Kind::share),
                         [](const auto& each) { return str(collective_name(each.param)); });

/// Workers that wait for each other. Each line names two of them with what they wait in.
void expect_circle(const Worker& usual, const Worker& odd, const std::string& text_a,
                   const std::string& text_b) {
  if (!is_worth_it()) {
    GTEST_SKIP();
  }
  EXPECT_THAT(error_of_calls(usual, odd),
              AllOf(HasSubstr("[comm] expected the same order of calls on every worker, found "
                              "workers that wait for each other: worker "),
                    HasSubstr(str("worker ", workers() - 1, " in ")), HasSubstr(text_a),
                    HasSubstr(text_b)));
}

TEST(Order, OfTwoCommunicators) {
  const auto in_order = [](bool swapped) {
    return [swapped](Environment& environment) {
      const Communicator a = environment.world().split(0, environment.rank());
      const Communicator b = environment.world().split(0, environment.rank());
      float value = 1;
      (swapped ? b : a).all_reduce({&value, 1}, ReduceOp::sum, swapped ? "b" : "a");
      (swapped ? a : b).all_reduce({&value, 1}, ReduceOp::sum, swapped ? "a" : "b");
    };
  };
  expect_circle(in_order(false), in_order(true), "all_reduce 'a'", "all_reduce 'b'");
}

TEST(Order, OfAMessageAndACollective) {
  std::vector<float> values(100'000);
  const auto sum = [&](Environment& environment) {
    environment.world().all_reduce({values.data(), static_cast<std::int64_t>(values.size())},
                                   ReduceOp::sum, "sum");
  };
  const auto receive = [](Environment& environment) {
    float value = 0;
    environment.world().receive({&value, 1}, 0, 5);
  };
  const auto send = [&](Environment& environment) {
    environment.world().send({values.data(), static_cast<std::int64_t>(values.size())}, 0, 5);
  };
  expect_circle(sum, receive, "all_reduce 'sum' of 100000 f32", "receive from worker 0 (tag 5");
  expect_circle(sum, send, "all_reduce 'sum' of 100000 f32", "send to worker 0 (tag 5");
}

TEST(Order, OfMessagesThatAllReceiveFirst) {
  const auto from = [](int peer) {
    return [peer](Environment& environment) {
      float value = 0;
      environment.world().receive({&value, 1}, peer, 7);
      environment.world().send({&value, 1}, peer, 7);
    };
  };
  expect_circle(from(workers() - 1), from(0), "(tag 7, 4 bytes)", "receive from worker");
}

TEST(Order, OfNeighboursInARing) {
  const auto shift = [](Environment& environment) {
    const Communicator& world = environment.world();
    float value = 0;
    world.receive({&value, 1}, (world.rank() + 1) % world.size());
  };
  expect_circle(shift, shift, "worker 0 in receive", "worker 1 in receive");
}

TEST(Sizes, OfMessages) {
  if (!is_worth_it()) {
    GTEST_SKIP();
  }
  for (const auto& [sent, received] : {std::pair<std::int64_t, std::int64_t>{3, 5},
                                       {5, 3},
                                       {0, 1},
                                       {10, 1'000'000},
                                       {64 << 20, (64 << 20) + 1},
                                       {(64 << 20) + 1, 64 << 20}}) {
    const auto send = [n = sent](Environment& environment) {
      const std::vector<char> data(static_cast<std::size_t>(n));
      environment.world().send({static_cast<const void*>(data.data()), n, DType::u8}, 0, 3);
      environment.world().barrier("end");
    };
    const auto receive = [n = received](Environment& environment) {
      const Communicator& world = environment.world();
      if (world.rank() == 0) {
        std::vector<char> data(static_cast<std::size_t>(n));
        world.receive({static_cast<void*>(data.data()), n, DType::u8}, world.size() - 1, 3);
      }
      world.barrier("end");
    };
    EXPECT_THAT(error_of_calls(receive, send),
                HasSubstr(str("[comm] receive from worker ", workers() - 1, " (tag 3, ", received,
                              " bytes) on worker 0: expected ", received,
                              " bytes, found a message of ", sent, ". Send and receive the same")));
  }
}

TEST(Sizes, OfStartedAndWaitedForReductions) {
  constexpr std::int64_t kLong = 5'000'000;
  const auto waits = [](Environment& environment) {
    std::vector<float> values(kLong);
    environment.world().all_reduce({values.data(), kLong});
  };
  const auto starts = [](Environment& environment) {
    std::vector<float> values(kLong);
    environment.world().start_all_reduce({values.data(), kLong}).wait();
  };
  if (!is_worth_it()) {
    GTEST_SKIP();
  }
  int nodes = 1;
  launch(engine_options(), [&](Environment& environment) {
    if (environment.rank() == 0 || environment.engine() == Engine::mpi) {  // threads share it
      nodes = environment.world().placement().num_nodes();
    }
  });
  if (nodes == 1) {  // only between nodes are long reductions cut
    EXPECT_NO_THROW(launch(engine_options(), [&](Environment& environment) {
      environment.rank() == 0 ? starts(environment) : waits(environment);
    }));
    return;
  }
  EXPECT_THAT(error_of_calls(waits, starts),
              AllOf(HasSubstr("all_reduce of 5000000 f32 that waits on"),
                    HasSubstr("all_reduce of 5000000 f32 that was started on")));
}

}  // namespace
}  // namespace dga::test
