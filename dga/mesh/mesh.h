// SPDX-License-Identifier: Apache-2.0
//
// Mesh: which worker plays which role. Every kind of parallelism asks it for its group.

#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace dga {

/// Outermost first. In dga an `axis` is always one of the mesh, a `dim` always one of a tensor.
enum class Axis { data, pipeline, tensor, space };

std::string_view name_of(Axis axis) noexcept;

/// Workers along each axis. An axis of 1 is not used.
struct MeshSizes {
  int data = 1;
  int pipeline = 1;
  int tensor = 1;
  int space = 1;
};

/// A grid of workers, data x pipeline x tensor x space, the last axis varying fastest: those who
/// talk most (tensor, space) have neighbouring numbers and so share a node.
///
///     Mesh mesh({.data = 2, .tensor = 2}, /*world_size=*/4);
///     mesh.peers(/*rank=*/3, Axis::tensor);  // {2, 3}
///
/// Immutable, holds no communicator, safe to share between threads.
class Mesh {
 public:
  /// Throws InvalidArgument if a size is below 1 or the sizes do not multiply to `world_size`.
  Mesh(const MeshSizes& sizes, int world_size);

  int size() const noexcept { return world_size_; }
  int size(Axis axis) const noexcept;
  /// Where `rank` stands along `axis`, in [0, size(axis)).
  int coordinate(int rank, Axis axis) const;
  /// The ranks that differ from `rank` only along `axis`, ascending, `rank` among them.
  std::vector<int> peers(int rank, Axis axis) const;
  /// "data=2 x pipeline=1 x tensor=2 x space=1"
  std::string text() const;

 private:
  int stride(Axis axis) const noexcept;

  std::array<int, 4> sizes_;  // by Axis
  int world_size_;
};

}  // namespace dga
