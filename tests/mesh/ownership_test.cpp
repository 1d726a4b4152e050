// SPDX-License-Identifier: Apache-2.0
//
// Who owns what, for made-up models: properties of every layout, and layouts without atomic
// parameters against a slow reference.

#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <set>

#include "dga/base/random.h"
#include "dga/mesh/balance.h"
#include "dga/mesh/parameter_layout.h"

namespace dga {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::array kTypes{DType::f32, DType::f64, DType::bf16};

/// Up to 12 parameters with 0 to 3 dimensions, some without elements.
std::vector<ParameterSpec> made_up_model(RandomStream& random, bool atomic) {
  std::vector<ParameterSpec> specs;
  const std::uint64_t count = 1 + random.below(12);
  for (std::uint64_t i = 0; i < count; ++i) {
    ParameterSpec spec{"p" + std::to_string(i), {}, DType::f32, static_cast<int>(random.below(3))};
    for (std::uint64_t dimensions = random.below(4); dimensions > 0; --dimensions) {
      spec.shape.push_back(static_cast<std::int64_t>(random.below(14)));
    }
    spec.type = random.below(4) == 0 ? kTypes[random.below(kTypes.size())] : DType::f32;
    spec.atomic = atomic && random.below(2) == 0;
    specs.push_back(std::move(spec));
  }
  return specs;
}

std::int64_t padded_lines(const ParameterSpec& spec) {
  return (spec.count() * size_of(spec.type) + 63) / 64;
}

/// A layout's owners as a list: the owner of every line of every bucket.
std::vector<int> line_owners(const ParameterLayout& layout, int bucket) {
  std::vector<int> owners;
  const Bucket& whole = layout.buckets()[static_cast<std::size_t>(bucket)];
  for (std::int64_t at = 0; at < whole.count; at += 64 / size_of(whole.type)) {
    owners.push_back(layout.owner(bucket, at));
  }
  return owners;
}

TEST(Ownership, GivesEveryElementToOneWorkerAndAtomicParametersWhole) {
  RandomStream random(2);
  for (int round = 0; round < 300; ++round) {
    const int workers = 1 + static_cast<int>(random.below(9));
    const auto specs = made_up_model(random, true);
    const ParameterLayout layout(specs, workers, 256 << random.below(6));
    // Elements of parameters, by parameter, counted over the pieces of all workers.
    std::vector<std::vector<int>> times;
    for (const ParameterSpec& spec : specs) {
      times.emplace_back(static_cast<std::size_t>(spec.count()), 0);
    }
    for (int worker = 0; worker < workers; ++worker) {
      std::set<std::pair<int, std::int64_t>> starts;
      for (const OwnedPiece& piece : layout.pieces(worker)) {
        const Bucket& bucket = layout.buckets()[static_cast<std::size_t>(piece.bucket)];
        EXPECT_EQ(piece.atomic, bucket.atomic);
        EXPECT_TRUE(starts.emplace(piece.bucket, piece.elements.first).second);
        for (std::int64_t i = 0; i < piece.elements.count; ++i) {
          const std::int64_t at = piece.elements.first + i;
          EXPECT_EQ(layout.owner(piece.bucket, at), worker);
          const int number = layout.parameter_at(piece.bucket, at);
          if (number < 0) {
            EXPECT_FALSE(piece.atomic) << "padding belongs to no atomic piece";
            continue;
          }
          const PlacedParameter& parameter = layout.parameters()[static_cast<std::size_t>(number)];
          EXPECT_EQ(parameter.spec.group, piece.group);
          EXPECT_THAT(piece.parameters, testing::Contains(number));
          ++times[static_cast<std::size_t>(number)]
                 [static_cast<std::size_t>(at - parameter.elements.first)];
        }
        if (piece.atomic) {
          ASSERT_EQ(piece.parameters.size(), 1U);
          const auto& whole =
              layout.parameters()[static_cast<std::size_t>(piece.parameters.front())];
          EXPECT_EQ(whole.elements, piece.elements);
          EXPECT_EQ(whole.worker, worker);
        }
      }
    }
    for (std::size_t i = 0; i < specs.size(); ++i) {
      EXPECT_THAT(times[i], testing::Each(1)) << specs[i].text();
    }
  }
}

TEST(Ownership, ReducesAndSharesWholeSlicesInTheOrderOfWorkers) {
  RandomStream random(3);
  for (int round = 0; round < 200; ++round) {
    const int workers = 1 + static_cast<int>(random.below(9));
    const ParameterLayout layout(made_up_model(random, true), workers, 1024);
    std::int64_t bytes = 0;
    for (int number = 0; number < static_cast<int>(layout.buckets().size()); ++number) {
      const Bucket& bucket = layout.buckets()[static_cast<std::size_t>(number)];
      EXPECT_EQ(bucket.first_byte, bytes);
      bytes += bucket.count * size_of(bucket.type);
      std::int64_t end = 0;
      for (int worker = 0; worker < workers; ++worker) {
        const Slice slice = layout.slice(number, worker);
        EXPECT_EQ(slice.count, layout.counts(number)[static_cast<std::size_t>(worker)]);
        EXPECT_EQ(slice.count * size_of(bucket.type) % 64, 0);
        EXPECT_TRUE(slice.count == 0 || slice.first == end);
        end += slice.count;
      }
      EXPECT_EQ(end, bucket.count);
      for (const int member : bucket.parameters) {
        const ParameterSpec& spec = layout.parameters()[static_cast<std::size_t>(member)].spec;
        EXPECT_EQ(spec.atomic, bucket.atomic);
        EXPECT_EQ(spec.type, bucket.type);
      }
    }
    EXPECT_EQ(layout.bytes(), bytes);
  }
}

TEST(Ownership, SegmentsAreThePiecesByParameter) {
  RandomStream random(4);
  for (int round = 0; round < 200; ++round) {
    const int workers = 1 + static_cast<int>(random.below(9));
    const auto specs = made_up_model(random, true);
    const ParameterLayout layout(specs, workers, 1024);
    for (int number = 0; number < static_cast<int>(specs.size()); ++number) {
      const PlacedParameter& parameter = layout.parameters()[static_cast<std::size_t>(number)];
      const auto segments = layout.segments(number);
      std::int64_t end = 0;
      for (const OwnedSegment& segment : segments) {
        EXPECT_EQ(segment.elements.first, end);
        for (std::int64_t i = 0; i < segment.elements.count; ++i) {
          EXPECT_EQ(
              layout.owner(parameter.bucket, parameter.elements.first + segment.elements.first + i),
              segment.owner);
        }
        end += segment.elements.count;
      }
      EXPECT_EQ(end, parameter.spec.count());
      if (parameter.spec.atomic && end > 0) {
        EXPECT_THAT(segments, ElementsAre(OwnedSegment{parameter.worker, {0, end}}));
      }
    }
  }
}

TEST(Ownership, BalancesAtomicParametersOverTheWholeModel) {
  RandomStream random(5);
  for (int round = 0; round < 100; ++round) {
    const int workers = 1 + static_cast<int>(random.below(6));
    const auto specs = made_up_model(random, true);
    // Small buckets: the balance must not be one of each bucket.
    const ParameterLayout layout(specs, workers, 64);
    std::vector<double> costs;
    std::vector<int> owners;
    for (const PlacedParameter& parameter : layout.parameters()) {
      if (parameter.spec.atomic) {
        costs.push_back(update_cost(parameter.spec.shape));
        owners.push_back(parameter.worker);
      } else {
        EXPECT_EQ(parameter.worker, -1);
      }
    }
    EXPECT_EQ(owners, balance(costs, workers));
  }
}

/// Where things lay before there were atomic parameters, line by line.
void expect_plain_layout(const ParameterLayout& layout, const std::vector<ParameterSpec>& specs,
                         int workers, std::int64_t bucket_bytes) {
  std::int64_t total = 0;
  for (const ParameterSpec& spec : specs) {
    total += 64 * padded_lines(spec);
  }
  std::vector<std::vector<int>> buckets;
  std::int64_t filled = 0;
  for (int number = static_cast<int>(specs.size()) - 1; number >= 0; --number) {
    const ParameterSpec& spec = specs[static_cast<std::size_t>(number)];
    const bool several = total > bucket_bytes;
    const std::int64_t limit = several && buckets.size() == 1 ? bucket_bytes / 4 : bucket_bytes;
    if (buckets.empty() ||
        specs[static_cast<std::size_t>(buckets.back().front())].type != spec.type ||
        filled + 64 * padded_lines(spec) > limit) {
      buckets.emplace_back();
      filled = 0;
    }
    buckets.back().push_back(number);
    filled += 64 * padded_lines(spec);
  }
  ASSERT_EQ(layout.buckets().size(), buckets.size());
  std::int64_t byte = 0;
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    std::vector<int> ordered;
    for (int group = 0; group < 3; ++group) {
      std::copy_if(
          buckets[i].begin(), buckets[i].end(), std::back_inserter(ordered),
          [&](int number) { return specs[static_cast<std::size_t>(number)].group == group; });
    }
    EXPECT_EQ(layout.buckets()[i].parameters, ordered);
    EXPECT_EQ(layout.buckets()[i].first_byte, byte);
    std::int64_t lines = 0;
    for (const int number : ordered) {
      EXPECT_EQ(layout.first_byte(number), byte);
      byte += 64 * padded_lines(specs[static_cast<std::size_t>(number)]);
      lines += padded_lines(specs[static_cast<std::size_t>(number)]);
    }
    // The first lines % workers workers have one line more.
    std::vector<int> owners;
    for (int worker = 0; worker < workers; ++worker) {
      owners.insert(owners.end(),
                    static_cast<std::size_t>(lines / workers + (worker < lines % workers ? 1 : 0)),
                    worker);
    }
    EXPECT_EQ(line_owners(layout, static_cast<int>(i)), owners);
  }
  EXPECT_EQ(layout.bytes(), byte);
}

TEST(Ownership, IsWhatItWasWhereNothingIsAtomic) {
  RandomStream random(6);
  for (int round = 0; round < 300; ++round) {
    const int workers = 1 + static_cast<int>(random.below(9));
    const std::int64_t bucket_bytes = 256 << random.below(6);
    const auto specs = made_up_model(random, false);
    const ParameterLayout layout(specs, workers, bucket_bytes);
    EXPECT_FALSE(layout.has_atomic());
    expect_plain_layout(layout, specs, workers, bucket_bytes);
  }
}

TEST(Ownership, PutsAtomicParametersInBucketsOfTheirOwnInTheOrderOfBackward) {
  const ParameterLayout layout({{"a.weight", {16, 16}, DType::f32, 0, true},
                                {"a.bias", {16}},
                                {"b.weight", {16, 16}, DType::f32, 0, true},
                                {"b.bias", {16}},
                                {"c.weight", {32, 16}, DType::f32, 0, true},
                                {"c.bias", {16}}},
                               2);
  ASSERT_EQ(layout.buckets().size(), 2U);
  // Backward ends with a.bias before it ends with a.weight.
  EXPECT_FALSE(layout.buckets()[0].atomic);
  EXPECT_THAT(layout.buckets()[0].parameters, ElementsAre(5, 3, 1));
  EXPECT_TRUE(layout.buckets()[1].atomic);
  // Costs: c 40960, a and b 24576 each. c goes to worker 0, a to 1, and b to 1, which has less.
  EXPECT_EQ(layout.parameters()[4].worker, 0);
  EXPECT_EQ(layout.parameters()[0].worker, 1);
  EXPECT_EQ(layout.parameters()[2].worker, 1);
  EXPECT_THAT(layout.buckets()[1].parameters, ElementsAre(4, 2, 0));
  EXPECT_THAT(layout.counts(1), ElementsAre(512, 512));
  EXPECT_THAT(layout.segments(4), ElementsAre(OwnedSegment{0, {0, 512}}));
  EXPECT_THAT(layout.segments(5), ElementsAre(OwnedSegment{0, {0, 16}}));
  EXPECT_EQ(layout.pieces(1).size(), 3U);
}

TEST(Ownership, LeavesSurplusWorkersWithNothingToUpdate) {
  const ParameterLayout layout(
      {{"w", {4, 4}, DType::f32, 0, true}, {"empty", {0, 4}, DType::f32, 0, true}}, 3);
  EXPECT_THAT(layout.counts(0), ElementsAre(16, 0, 0));
  EXPECT_EQ(layout.pieces(0).size(), 1U);
  EXPECT_THAT(layout.pieces(1), IsEmpty());
  EXPECT_EQ(layout.slice(0, 2), (Slice{16, 0}));
  EXPECT_THAT(layout.segments(1), IsEmpty());
}

TEST(Ownership, OfACarrierIsThatOfItsWorkersTogether) {
  for (const int workers : {5, 30}) {
    for (const int carriers : {1, 2, 3, 5}) {
      const std::vector<ParameterSpec> specs{{.name = "a", .shape = {70, 3}},
                                             {.name = "b", .shape = {333}},
                                             {.name = "c", .shape = {33, 8}, .atomic = true},
                                             {.name = "d", .shape = {20, 8}, .atomic = true}};
      const WorkerBlocks blocks(workers, carriers);
      const ParameterLayout alone(specs, workers);
      const ParameterLayout carried(specs, blocks);
      EXPECT_EQ(carried.bytes(), alone.bytes());
      for (int bucket = 0; bucket < static_cast<int>(alone.buckets().size()); ++bucket) {
        std::int64_t end = 0;
        for (int carrier = 0; carrier < carriers; ++carrier) {
          const WorkerBlock block = blocks.of(carrier);
          const Slice slice = carried.slice(bucket, carrier);
          EXPECT_EQ(slice.first, end);
          EXPECT_EQ(slice.count, carried.counts(bucket)[static_cast<std::size_t>(carrier)]);
          for (int worker = block.first; worker < block.end(); ++worker) {
            EXPECT_EQ(carried.worker_slice(bucket, worker), alone.slice(bucket, worker));
            EXPECT_EQ(alone.slice(bucket, worker).first, end);
            end += alone.slice(bucket, worker).count;
          }
          EXPECT_EQ(slice.first + slice.count, end);
        }
      }
    }
  }
}

}  // namespace
}  // namespace dga
