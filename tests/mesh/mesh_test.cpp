// SPDX-License-Identifier: Apache-2.0

#include "dga/mesh/mesh.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dga/base/error.h"
#include "tests/support/error_of.h"

namespace dga {
namespace {

using test::error_of;
using testing::ElementsAre;

TEST(Mesh, PeersDifferOnlyAlongTheAxis) {
  const Mesh mesh({.data = 2, .tensor = 3}, 6);
  EXPECT_THAT(mesh.peers(4, Axis::tensor), ElementsAre(3, 4, 5));
  EXPECT_THAT(mesh.peers(4, Axis::data), ElementsAre(1, 4));
  EXPECT_THAT(mesh.peers(4, Axis::space), ElementsAre(4));
}

TEST(Mesh, EveryRankStandsAtItsCoordinateInItsGroup) {
  const Mesh mesh({.data = 3, .pipeline = 2, .tensor = 4, .space = 5}, 120);
  for (const auto axis : {Axis::data, Axis::pipeline, Axis::tensor, Axis::space}) {
    for (int rank = 0; rank < mesh.size(); ++rank) {
      const auto peers = mesh.peers(rank, axis);
      EXPECT_EQ(peers.at(static_cast<std::size_t>(mesh.coordinate(rank, axis))), rank);
      EXPECT_EQ(mesh.peers(peers.front(), axis), peers);
    }
  }
}

TEST(Mesh, ASizeThatDoesNotFitTheWorldSaysWhatWould) {
  EXPECT_EQ(error_of<InvalidArgument>([] { Mesh({.data = 2, .tensor = 4}, 4); }),
            "[mesh] data=2 x pipeline=1 x tensor=4 x space=1 needs 8 workers, but the world has 4. "
            "Launch 8 workers or resize an axis.");
  EXPECT_EQ(error_of<InvalidArgument>([] { Mesh({.data = 0}, 1); }),
            "[mesh] expected sizes of 1 or more, found data=0 x pipeline=1 x tensor=1 x space=1.");
  EXPECT_EQ(error_of<InvalidArgument>([] { Mesh({}, 1).peers(1, Axis::data); }),
            "[mesh] expected a rank in [0, 1), found 1.");
}

}  // namespace
}  // namespace dga
