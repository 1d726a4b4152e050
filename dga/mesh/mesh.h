// SPDX-License-Identifier: Apache-2.0
//
// Mesh: each worker's coordinates along the parallelism axes. Each kind of parallelism gets its
// groups from it.

#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace dga {

/// Outermost first. In dga, `axis` always means an axis of the mesh, `dim` a dimension of a tensor.
enum class Axis { data, pipeline, tensor, space };

std::string_view name_of(Axis axis) noexcept;

/// Number of workers along each axis. An axis of size 1 is not used.
struct MeshSizes {
  int data = 1;
  int pipeline = 1;
  int tensor = 1;
  int space = 1;
};

/// A grid of workers, data x pipeline x tensor x space, the last axis varying fastest. The workers
/// of the axes that communicate most (tensor, space) have neighbouring numbers and are therefore on
/// the same node if possible.
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
  /// The coordinate of `rank` along `axis`, in [0, size(axis)).
  int coordinate(int rank, Axis axis) const;
  /// The ranks that differ from `rank` only along `axis`, and `rank` itself, in ascending order.
  std::vector<int> peers(int rank, Axis axis) const;
  /// "data=2 x pipeline=1 x tensor=2 x space=1"
  std::string text() const;

 private:
  int stride(Axis axis) const noexcept;

  std::array<int, 4> sizes_;  // by Axis
  int world_size_;
};

}  // namespace dga
