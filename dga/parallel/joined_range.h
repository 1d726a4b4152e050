// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstddef>
#include <iterator>
#include <type_traits>
#include <utility>

namespace dga {

class GradientAccumulator;

/// A single-pass range over a loader that calls GradientAccumulator::finish at its end; see
/// GradientAccumulator::join. `Loader` is a reference type for a loader that the caller keeps.
template <typename Loader>
class JoinedRange {
  using Source = decltype(std::begin(std::declval<std::remove_reference_t<Loader>&>()));
  using SourceEnd = decltype(std::end(std::declval<std::remove_reference_t<Loader>&>()));

 public:
  class Iterator {
   public:
    using iterator_concept = std::input_iterator_tag;
    using difference_type = std::ptrdiff_t;

    decltype(auto) operator*() { return *at_; }
    Iterator& operator++() {
      ++at_;
      finish_at_end();
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& it, std::default_sentinel_t) {
      return it.at_ == it.end_;
    }

   private:
    friend class JoinedRange;
    Iterator(GradientAccumulator& accumulator, std::remove_reference_t<Loader>& loader);
    void finish_at_end();

    GradientAccumulator* accumulator_;
    Source at_;
    SourceEnd end_;
  };

  JoinedRange(GradientAccumulator& accumulator, Loader&& loader)
      : accumulator_(accumulator), loader_(std::forward<Loader>(loader)) {}
  /// Collective if the loader is empty.
  Iterator begin() { return Iterator(accumulator_, loader_); }
  std::default_sentinel_t end() const noexcept { return {}; }

 private:
  GradientAccumulator& accumulator_;
  Loader loader_;
};

}  // namespace dga
