// SPDX-License-Identifier: Apache-2.0

#include "dga/comm/collectives/tree_reduce.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <type_traits>

#include "dga/base/widen.h"
#include "dga/comm/arena/pulse.h"

namespace dga {
namespace {

// Elements of a piece. The partial results of 30 workers (6 x 8 KiB in f64) stay in the L1 and L2
// caches, and the bookkeeping for each piece is small compared with the arithmetic.
constexpr std::int64_t kPiece = 1024;
constexpr int kMaxLevels = 33;
constexpr std::int64_t kPieceOfPulse = kPiece << 12;

// Both round to nearest, ties to even.
void narrow(float value, Half& out) noexcept {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const auto sign = static_cast<std::uint16_t>((bits >> 16) & 0x8000u);
  const std::uint32_t magnitude = bits & 0x7fffffffu;
  std::uint32_t half = 0;
  if (magnitude > 0x7f800000u) {
    half = 0x7e00u | ((magnitude >> 13) & 0x1ffu);
  } else if (magnitude >= 0x477ff000u) {  // from 65520 on the nearest half is infinity
    half = 0x7c00u;
  } else if (magnitude < 0x38800000u) {
    // Subnormal: after adding 0.5 the float's last place has the weight of a subnormal half's last
    // place, so the addition rounds correctly.
    const float shifted = std::bit_cast<float>(magnitude) + 0.5F;
    half = std::bit_cast<std::uint32_t>(shifted) - 0x3f000000u;
  } else {
    half = (magnitude - 0x38000000u + 0xfffu + ((magnitude >> 13) & 1u)) >> 13;
  }
  out.bits = static_cast<std::uint16_t>(sign | half);
}

void narrow(float value, BFloat16& out) noexcept {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) {
    out.bits = static_cast<std::uint16_t>((bits >> 16) | 0x40u);
    return;
  }
  out.bits = static_cast<std::uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

template <typename T>
void narrow(T value, T& out) noexcept {
  out = value;
}

// Signed overflow wraps around: the arithmetic is done in the unsigned type.
template <typename T>
T wrapping_add(T a, T b) noexcept {
  using U = std::make_unsigned_t<T>;
  return static_cast<T>(static_cast<U>(static_cast<U>(a) + static_cast<U>(b)));
}

template <typename T>
T wrapping_multiply(T a, T b) noexcept {
  using U = std::make_unsigned_t<T>;
  // The product of two u8, promoted to int, fits an int. Wider unsigned types are not promoted.
  return static_cast<T>(static_cast<U>(static_cast<U>(a) * static_cast<U>(b)));
}

template <ReduceOp op, typename T>
T combine_numbers(T a, T b) noexcept {
  if constexpr (op == ReduceOp::sum) {
    if constexpr (std::is_integral_v<T>) {
      return wrapping_add(a, b);
    } else {
      return a + b;
    }
  } else if constexpr (op == ReduceOp::product) {
    if constexpr (std::is_integral_v<T>) {
      return wrapping_multiply(a, b);
    } else {
      return a * b;
    }
  } else if constexpr (op == ReduceOp::min) {
    return a < b || a != a ? a : b;  // NaN if a or b is NaN
  } else {
    return a > b || a != a ? a : b;
  }
}

template <ReduceOp op, typename T>
T combine(T a, T b) noexcept {
  if constexpr (std::is_same_v<T, bool>) {
    return op == ReduceOp::sum || op == ReduceOp::max ? a || b : a && b;
  } else {
    return combine_numbers<op>(a, b);
  }
}

template <typename P, typename E>
void load(const E* __restrict in, P weight, P* __restrict out, std::int64_t n) {
  if constexpr (std::is_floating_point_v<P>) {
    if (weight != P{1}) {
      for (std::int64_t i = 0; i < n; ++i) {
        out[i] = static_cast<P>(widen(in[i])) * weight;
      }
      return;
    }
  }
  for (std::int64_t i = 0; i < n; ++i) {
    out[i] = static_cast<P>(widen(in[i]));
  }
}

// total[i] = total[i] (op) weight * in[i]
template <ReduceOp op, typename P, typename E>
void load_and_combine(const E* __restrict in, P weight, P* __restrict total, std::int64_t n) {
  if constexpr (std::is_floating_point_v<P>) {
    if (weight != P{1}) {
      for (std::int64_t i = 0; i < n; ++i) {
        const P leaf = static_cast<P>(widen(in[i])) * weight;
        total[i] = combine<op>(total[i], leaf);
      }
      return;
    }
  }
  for (std::int64_t i = 0; i < n; ++i) {
    total[i] = combine<op>(total[i], static_cast<P>(widen(in[i])));
  }
}

template <ReduceOp op, typename P>
void combine_into(P* __restrict left, const P* __restrict right, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) {
    left[i] = combine<op>(left[i], right[i]);
  }
}

// The partial results of one piece: a stack whose entries cover ascending workers at strictly
// descending levels, like the digits of a binary counter. An entry that reaches the level of the
// one below it is that entry's right sibling and is combined with it at once.
template <ReduceOp op, typename P>
class Partials {
 public:
  template <typename E>
  void push(const TreeNode& node, const E* in, P weight, std::int64_t n) {
    int level = node.level;
    if (depth_ > 0 && levels_[depth_ - 1] == level) {
      load_and_combine<op>(in, weight, top(), n);
      level = ++levels_[depth_ - 1];
    } else {
      load(in, weight, buffers_[depth_].data(), n);
      levels_[depth_++] = level;
    }
    while (depth_ > 1 && levels_[depth_ - 2] == level) {
      fold(n);
      level = ++levels_[depth_ - 1];
    }
  }

  // The remaining entries have no right siblings. They are combined from the right.
  const P* finish(std::int64_t n) {
    while (depth_ > 1) {
      fold(n);
    }
    depth_ = 0;
    return buffers_[0].data();
  }

 private:
  P* top() noexcept { return buffers_[depth_ - 1].data(); }
  void fold(std::int64_t n) {
    combine_into<op>(buffers_[depth_ - 2].data(), buffers_[depth_ - 1].data(), n);
    --depth_;
  }

  alignas(64) std::array<std::array<P, kPiece>, kMaxLevels> buffers_;
  std::array<int, kMaxLevels> levels_{};
  std::size_t depth_ = 0;
};

template <ReduceOp op, typename P, typename E>
void reduce_pieces(std::span<const ReduceSource> sources, std::span<void* const> outs,
                   std::int64_t count, bool out_partial) {
  Partials<op, P> partials;
  alignas(64) std::array<E, kPiece> narrowed;
  for (std::int64_t at = 0; at < count; at += kPiece) {
    if (at % kPieceOfPulse == 0) {
      Pulse::beat();
    }
    const std::int64_t n = std::min(kPiece, count - at);
    for (const ReduceSource& source : sources) {
      const auto weight = static_cast<P>(source.weight);
      if (source.partial) {
        partials.push(source.node, static_cast<const P*>(source.data) + at, weight, n);
      } else {
        partials.push(source.node, static_cast<const E*>(source.data) + at, weight, n);
      }
    }
    const P* total = partials.finish(n);
    const void* result = total;
    std::size_t size = sizeof(P);
    if constexpr (!std::is_same_v<P, E>) {
      if (!out_partial) {
        for (std::int64_t i = 0; i < n; ++i) {
          narrow(total[i], narrowed[static_cast<std::size_t>(i)]);
        }
        result = narrowed.data();
        size = sizeof(E);
      }
    }
    for (void* out : outs) {
      std::memcpy(static_cast<std::byte*>(out) + static_cast<std::size_t>(at) * size, result,
                  static_cast<std::size_t>(n) * size);
    }
  }
}

template <typename P, typename E>
void dispatch_op(std::span<const ReduceSource> sources, std::span<void* const> outs,
                 std::int64_t count, ReduceOp op, bool out_partial) {
  switch (op) {
    case ReduceOp::sum:
    case ReduceOp::mean:  // its sources have weights
      return reduce_pieces<ReduceOp::sum, P, E>(sources, outs, count, out_partial);
    case ReduceOp::min:
      return reduce_pieces<ReduceOp::min, P, E>(sources, outs, count, out_partial);
    case ReduceOp::max:
      return reduce_pieces<ReduceOp::max, P, E>(sources, outs, count, out_partial);
    case ReduceOp::product:
      return reduce_pieces<ReduceOp::product, P, E>(sources, outs, count, out_partial);
  }
}

}  // namespace

void tree_reduce(std::span<const ReduceSource> sources, std::span<void* const> outs,
                 std::int64_t count, DType type, ReduceOp op, bool out_partial) {
  switch (type) {
    case DType::f32:
      return dispatch_op<float, float>(sources, outs, count, op, out_partial);
    case DType::f64:
      return dispatch_op<double, double>(sources, outs, count, op, out_partial);
    case DType::f16:
      return dispatch_op<float, Half>(sources, outs, count, op, out_partial);
    case DType::bf16:
      return dispatch_op<float, BFloat16>(sources, outs, count, op, out_partial);
    case DType::i32:
      return dispatch_op<std::int32_t, std::int32_t>(sources, outs, count, op, out_partial);
    case DType::i64:
      return dispatch_op<std::int64_t, std::int64_t>(sources, outs, count, op, out_partial);
    case DType::u8:
      return dispatch_op<std::uint8_t, std::uint8_t>(sources, outs, count, op, out_partial);
    case DType::i8:
      return dispatch_op<std::int8_t, std::int8_t>(sources, outs, count, op, out_partial);
    case DType::boolean:
      return dispatch_op<bool, bool>(sources, outs, count, op, out_partial);
  }
}

}  // namespace dga
