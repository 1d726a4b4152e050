// SPDX-License-Identifier: Apache-2.0

#include "dga/mesh/mesh.h"

#include <cstddef>
#include <cstdint>

#include "dga/base/error.h"

namespace dga {
namespace {

constexpr std::array<Axis, 4> kAxes{Axis::data, Axis::pipeline, Axis::tensor, Axis::space};

}  // namespace

std::string_view name_of(Axis axis) noexcept {
  switch (axis) {
    case Axis::pipeline:
      return "pipeline";
    case Axis::tensor:
      return "tensor";
    case Axis::space:
      return "space";
    case Axis::data:
      break;
  }
  return "data";
}

Mesh::Mesh(const MeshSizes& sizes, int world_size)
    : sizes_{sizes.data, sizes.pipeline, sizes.tensor, sizes.space}, world_size_(world_size) {
  std::int64_t product = 1;
  for (const int size : sizes_) {
    DGA_CHECK(size >= 1, "[mesh] expected sizes of 1 or more, found ", text(), ".");
    product *= size;
  }
  DGA_CHECK(product == world_size, "[mesh] ", text(), " needs ", product,
            " workers, but the world has ", world_size, ". Launch ", product,
            " workers or resize an axis.");
}

int Mesh::size(Axis axis) const noexcept {
  return sizes_[static_cast<std::size_t>(axis)];
}

int Mesh::coordinate(int rank, Axis axis) const {
  DGA_CHECK(rank >= 0 && rank < world_size_, "[mesh] expected a rank in [0, ", world_size_,
            "), found ", rank, ".");
  return rank / stride(axis) % size(axis);
}

std::vector<int> Mesh::peers(int rank, Axis axis) const {
  const int step = stride(axis);
  const int first = rank - coordinate(rank, axis) * step;
  std::vector<int> ranks;
  ranks.reserve(static_cast<std::size_t>(size(axis)));
  for (int i = 0; i < size(axis); ++i) {
    ranks.push_back(first + i * step);
  }
  return ranks;
}

std::string Mesh::text() const {
  std::string text;
  for (const Axis axis : kAxes) {
    text += str(text.empty() ? "" : " x ", name_of(axis), "=", size(axis));
  }
  return text;
}

int Mesh::stride(Axis axis) const noexcept {
  int step = 1;
  for (std::size_t i = sizes_.size() - 1; i > static_cast<std::size_t>(axis); --i) {
    step *= sizes_[i];
  }
  return step;
}

}  // namespace dga
