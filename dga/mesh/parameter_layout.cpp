// SPDX-License-Identifier: Apache-2.0

#include "dga/mesh/parameter_layout.h"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <set>
#include <utility>

#include "dga/base/error.h"
#include "dga/mesh/balance.h"

namespace dga {
namespace {

constexpr std::int64_t kMiB = std::int64_t{1} << 20;

std::int64_t line_elements(DType type) noexcept {
  return ParameterLayout::kLineBytes / size_of(type);
}

/// Elements with the padding behind them.
std::int64_t padded(const ParameterSpec& spec) noexcept {
  const std::int64_t line = line_elements(spec.type);
  return (spec.count() + line - 1) / line * line;
}

std::int64_t padded_bytes(const ParameterSpec& spec) noexcept {
  return padded(spec) * size_of(spec.type);
}

WorkerBlocks one_each(int workers) {
  DGA_CHECK(workers >= 1, "[mesh] ParameterLayout: expected at least 1 worker, found ", workers,
            ".");
  return {workers, workers};
}

void check(const std::vector<ParameterSpec>& parameters, std::int64_t bucket_bytes) {
  DGA_CHECK(bucket_bytes >= 0, "[mesh] ParameterLayout: expected bucket_bytes of 0 or more, found ",
            bucket_bytes, ".");
  DGA_CHECK(!parameters.empty(),
            "[mesh] ParameterLayout: expected at least one parameter, found none.");
  std::set<std::string_view> names;
  for (const ParameterSpec& spec : parameters) {
    DGA_CHECK(names.insert(spec.name).second,
              "[mesh] ParameterLayout: expected every name once, found '", spec.name,
              "' twice. List a tied parameter under one of its names.");
    DGA_CHECK(!spec.atomic || !spec.by_rows, "[mesh] ParameterLayout: expected ", spec.text(),
              " to be atomic or reduced by rows, found both.");
    DGA_CHECK(std::all_of(spec.shape.begin(), spec.shape.end(), [](auto n) { return n >= 0; }),
              "[mesh] ParameterLayout: expected sizes of 0 or more, found ", spec.text(), ".");
    DGA_CHECK(spec.type == DType::f32 || spec.type == DType::f64 || spec.type == DType::f16 ||
                  spec.type == DType::bf16,
              "[mesh] ParameterLayout: expected floating-point parameters, found ", spec.text(),
              ". Only these have gradients.");
  }
}

/// A slice below some 64 KiB costs more in optimiser calls than in arithmetic.
std::int64_t default_bucket_bytes(int workers) noexcept {
  return std::clamp(workers * (kMiB / 16), kMiB, 32 * kMiB);
}

}  // namespace

std::int64_t ParameterSpec::count() const noexcept {
  std::int64_t product = 1;
  for (const std::int64_t size : shape) {
    product *= size;
  }
  return product;
}

std::string ParameterSpec::text() const {
  std::string sizes;
  for (const std::int64_t size : shape) {
    sizes += (sizes.empty() ? "" : ", ") + std::to_string(size);
  }
  return str(name, " ", name_of(type), " [", sizes, "]");
}

ParameterLayout::ParameterLayout(std::vector<ParameterSpec> parameters, int workers,
                                 std::int64_t bucket_bytes)
    : ParameterLayout(std::move(parameters), one_each(workers), bucket_bytes) {}

ParameterLayout::ParameterLayout(std::vector<ParameterSpec> parameters, const WorkerBlocks& blocks,
                                 std::int64_t bucket_bytes)
    : blocks_(blocks) {
  check(parameters, bucket_bytes);
  for (ParameterSpec& spec : parameters) {
    has_atomic_ = has_atomic_ || spec.atomic;
    parameters_.push_back({std::move(spec), 0, {}});
  }
  choose_workers();
  const std::int64_t limit = bucket_bytes > 0 ? bucket_bytes : default_bucket_bytes(workers());
  for (const Bucket& kind : {Bucket{}, Bucket{.atomic = true}, Bucket{.by_rows = true}}) {
    for (Bucket& bucket : cut_buckets(kind, limit)) {
      buckets_.push_back(std::move(bucket));
    }
  }
  // Backward finishes a bucket with the gradient of its first registered parameter.
  std::stable_sort(buckets_.begin(), buckets_.end(), [](const Bucket& a, const Bucket& b) {
    return a.parameters.back() > b.parameters.back();
  });
  for (int bucket = 0; bucket < static_cast<int>(buckets_.size()); ++bucket) {
    place_bucket(bucket);
  }
}

void ParameterLayout::choose_workers() {
  std::vector<double> costs;
  for (const PlacedParameter& parameter : parameters_) {
    if (parameter.spec.atomic) {
      costs.push_back(update_cost(parameter.spec.shape));
    }
  }
  const std::vector<int> chosen = balance(costs, workers());
  auto next = chosen.begin();
  for (PlacedParameter& parameter : parameters_) {
    if (parameter.spec.atomic) {
      parameter.worker = *next++;
    }
  }
}

std::vector<Bucket> ParameterLayout::cut_buckets(const Bucket& kind,
                                                 std::int64_t bucket_bytes) const {
  const auto of_this_kind = [&](const ParameterSpec& spec) {
    return spec.atomic == kind.atomic && spec.by_rows == kind.by_rows;
  };
  std::int64_t total = 0;
  for (const PlacedParameter& parameter : parameters_) {
    total += of_this_kind(parameter.spec) ? padded_bytes(parameter.spec) : 0;
  }
  std::vector<Bucket> buckets;
  std::int64_t limit = total > bucket_bytes ? bucket_bytes / 4 : bucket_bytes;
  std::int64_t filled = 0;
  for (auto number = static_cast<int>(parameters_.size()) - 1; number >= 0; --number) {
    const ParameterSpec& spec = parameters_[static_cast<std::size_t>(number)].spec;
    if (!of_this_kind(spec)) {
      continue;
    }
    const std::int64_t more = padded_bytes(spec);
    const bool first = buckets.empty();
    if (first || buckets.back().type != spec.type || filled + more > limit) {
      if (!first) {
        limit = bucket_bytes;
      }
      buckets.push_back(kind);
      buckets.back().type = spec.type;
      filled = 0;
    }
    buckets.back().parameters.push_back(number);
    filled += more;
  }
  return buckets;
}

void ParameterLayout::place_bucket(int number) {
  Bucket& bucket = buckets_[static_cast<std::size_t>(number)];
  bucket.first_byte = bytes_;
  // Backward finishes the bucket as a whole, so its inner order is free: a worker's parameters must
  // make one slice, and groups side by side make fewer and longer pieces.
  std::stable_sort(bucket.parameters.begin(), bucket.parameters.end(), [&](int a, int b) {
    const PlacedParameter& left = parameters_[static_cast<std::size_t>(a)];
    const PlacedParameter& right = parameters_[static_cast<std::size_t>(b)];
    return std::pair(left.worker, left.spec.group) < std::pair(right.worker, right.spec.group);
  });
  auto& counts = worker_counts_.emplace_back(static_cast<std::size_t>(workers()), 0);
  for (const int member : bucket.parameters) {
    PlacedParameter& parameter = parameters_[static_cast<std::size_t>(member)];
    parameter.bucket = number;
    parameter.elements = {bucket.count, parameter.spec.count()};
    bucket.count += padded(parameter.spec);
    if (bucket.atomic) {
      counts[static_cast<std::size_t>(parameter.worker)] += padded(parameter.spec);
    }
  }
  bytes_ += bucket.count * size_of(bucket.type);
  for (int worker = 0; worker < workers() && !bucket.atomic; ++worker) {
    counts[static_cast<std::size_t>(worker)] = worker_slice(number, worker).count;
  }
  auto& owned = counts_.emplace_back();
  for (int owner = 0; owner < blocks_.carriers(); ++owner) {
    const WorkerBlock block = blocks_.of(owner);
    owned.push_back(std::accumulate(counts.begin() + block.first, counts.begin() + block.end(),
                                    std::int64_t{0}));
  }
}

std::int64_t ParameterLayout::first_byte(int number) const {
  const PlacedParameter& parameter = parameters_.at(static_cast<std::size_t>(number));
  const Bucket& bucket = buckets_[static_cast<std::size_t>(parameter.bucket)];
  return bucket.first_byte + parameter.elements.first * size_of(bucket.type);
}

const std::vector<std::int64_t>& ParameterLayout::counts(int bucket) const {
  return counts_.at(static_cast<std::size_t>(bucket));
}

Slice ParameterLayout::slice(int bucket, int owner) const {
  const WorkerBlock block = blocks_.of(owner);
  return {worker_slice(bucket, block.first).first,
          counts(bucket).at(static_cast<std::size_t>(owner))};
}

Slice ParameterLayout::worker_slice(int bucket, int worker) const {
  const Bucket& whole = buckets_.at(static_cast<std::size_t>(bucket));
  if (whole.atomic) {
    const auto& counts = worker_counts_.at(static_cast<std::size_t>(bucket));
    const auto mine = counts.begin() + worker;
    return {std::accumulate(counts.begin(), mine, std::int64_t{0}), *mine};
  }
  return slice_of(whole.count, workers(), worker, line_elements(whole.type));
}

int ParameterLayout::owner(int bucket, std::int64_t element) const {
  const auto& counts = this->counts(bucket);
  std::int64_t end = 0;
  for (std::size_t owner = 0; owner < counts.size(); ++owner) {
    end += counts[owner];
    if (element >= 0 && element < end) {
      return static_cast<int>(owner);
    }
  }
  throw InvalidArgument(str("[mesh] ParameterLayout: expected an element in [0, ", end,
                            ") of bucket ", bucket, ", found ", element, "."));
}

std::vector<OwnedPiece> ParameterLayout::pieces(int owner) const {
  std::vector<OwnedPiece> pieces;
  for (int number = 0; number < static_cast<int>(buckets_.size()); ++number) {
    if (buckets_[static_cast<std::size_t>(number)].atomic) {
      add_atomic_pieces(number, owner, pieces);
      continue;
    }
    const DType type = buckets_[static_cast<std::size_t>(number)].type;
    if (type == DType::f32 || type == DType::f64) {
      add_pieces(number, slice(number, owner), pieces);
      continue;
    }
    // In other types torch's optimisers may round differently at the end of a tensor, so the pieces
    // must not depend on how many workers the owner carries.
    const WorkerBlock block = blocks_.of(owner);
    for (int worker = block.first; worker < block.end(); ++worker) {
      add_pieces(number, worker_slice(number, worker), pieces);
    }
  }
  return pieces;
}

void ParameterLayout::add_pieces(int bucket, Slice slice, std::vector<OwnedPiece>& pieces) const {
  const std::int64_t end = slice.first + slice.count;
  bool open = false;  // the last piece ends where this parameter starts
  for (const int member : buckets_[static_cast<std::size_t>(bucket)].parameters) {
    const PlacedParameter& parameter = parameters_[static_cast<std::size_t>(member)];
    const std::int64_t first = std::max(parameter.elements.first, slice.first);
    const std::int64_t last = std::min(parameter.elements.first + padded(parameter.spec), end);
    if (first >= last) {
      continue;
    }
    if (!open || pieces.back().group != parameter.spec.group) {
      pieces.push_back({bucket, {first, 0}, parameter.spec.group, {}, false});
      open = true;
    }
    pieces.back().elements.count = last - pieces.back().elements.first;
    pieces.back().parameters.push_back(member);
  }
}

void ParameterLayout::add_atomic_pieces(int bucket, int owner,
                                        std::vector<OwnedPiece>& pieces) const {
  for (const int member : buckets_[static_cast<std::size_t>(bucket)].parameters) {
    const PlacedParameter& parameter = parameters_[static_cast<std::size_t>(member)];
    if (blocks_.carrier_of(parameter.worker) == owner && parameter.elements.count > 0) {
      pieces.push_back({bucket, parameter.elements, parameter.spec.group, {member}, true});
    }
  }
}

std::vector<OwnedSegment> ParameterLayout::segments(int number) const {
  const PlacedParameter& parameter = parameters_.at(static_cast<std::size_t>(number));
  const std::int64_t end = parameter.elements.first + parameter.elements.count;
  std::vector<OwnedSegment> segments;
  for (int owner = 0; owner < blocks_.carriers(); ++owner) {
    const Slice owned = slice(parameter.bucket, owner);
    const std::int64_t first = std::max(owned.first, parameter.elements.first);
    const std::int64_t last = std::min(owned.first + owned.count, end);
    if (first < last) {
      segments.push_back({owner, {first - parameter.elements.first, last - first}});
    }
  }
  return segments;
}

int ParameterLayout::parameter_at(int bucket, std::int64_t element) const {
  const auto& members = buckets_.at(static_cast<std::size_t>(bucket)).parameters;
  // The last one that starts at or before the element.
  const auto after =
      std::upper_bound(members.begin(), members.end(), element, [&](std::int64_t at, int member) {
        return at < parameters_[static_cast<std::size_t>(member)].elements.first;
      });
  if (after == members.begin()) {
    return -1;
  }
  const int member = *std::prev(after);
  const Slice elements = parameters_[static_cast<std::size_t>(member)].elements;
  return element < elements.first + elements.count ? member : -1;
}

}  // namespace dga
