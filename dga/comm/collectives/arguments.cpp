// SPDX-License-Identifier: Apache-2.0

#include "dga/comm/collectives/arguments.h"

#include <numeric>
#include <utility>

#include "dga/base/error.h"
#include "dga/comm/collectives/tree_reduce.h"

namespace dga {
namespace {

/// Checks `args.op` and gives the elements of a mean their weight.
CollectiveArgs weighted(const Group& group, CollectiveArgs args) {
  if (args.op == ReduceOp::mean) {
    const DType type = args.in.data != nullptr ? args.in.type : args.out.type;
    DGA_CHECK(type == DType::f64 || partial_type(type) == DType::f32, "[comm] ",
              collective_name(args.kind), ": expected floating-point elements for a mean, found ",
              name_of(type), ". Use ReduceOp::sum and divide.");
    args.weight /= group.size();
  }
  return args;
}

// Bytes of the longest buffer, so that sizes can be added and multiplied without overflow.
constexpr std::int64_t kMostBytes = std::int64_t{1} << 60;

bool overlap(ConstBufferView a, ConstBufferView b) noexcept {
  const auto first_a = reinterpret_cast<std::uintptr_t>(a.data);
  const auto first_b = reinterpret_cast<std::uintptr_t>(b.data);
  return a.count > 0 && b.count > 0 && first_a < first_b + static_cast<std::uintptr_t>(b.bytes()) &&
         first_b < first_a + static_cast<std::uintptr_t>(a.bytes());
}

/// Lets the operation read a copy of its input where the output overlaps it, since other ranks read
/// the input while this one writes. `part`: that part of the longer buffer in which the shorter one
/// may lie, for it is this rank's own.
CollectiveArgs separated(CollectiveArgs args, ConstBufferView shorter, ConstBufferView part) {
  const bool in_place = shorter.data == part.data && shorter.count == part.count;
  if (!in_place && overlap(args.in, args.out)) {
    const auto* const data = static_cast<const std::byte*>(args.in.data);
    args.input_copy.assign(data, data + args.in.bytes());
    args.in.data = args.input_copy.data();
  }
  return args;
}

std::int64_t sum_before(const std::vector<std::int64_t>& counts, int rank) {
  return std::accumulate(counts.begin(), counts.begin() + rank, std::int64_t{0});
}

void check_root(const Group& group, std::string_view what, int root) {
  DGA_CHECK(root >= 0 && root < group.size(), "[comm] ", what, ": expected a root in [0, ",
            group.size(), "), found ", root, ". Pass a rank of this communicator.");
}

void check_types(std::string_view what, ConstBufferView in, BufferView out) {
  DGA_CHECK(in.type == out.type, "[comm] ", what, ": expected equal element types, found ",
            name_of(in.type), " in the input and ", name_of(out.type),
            " in the output. Use one type for both buffers.");
}

/// `counts`, or `each` for every rank if there are none.
std::vector<std::int64_t> resolve_counts(const Group& group, std::string_view what,
                                         std::vector<std::int64_t> counts, std::int64_t each) {
  if (counts.empty()) {
    counts.assign(static_cast<std::size_t>(group.size()), each);
  }
  DGA_CHECK(static_cast<int>(counts.size()) == group.size(), "[comm] ", what, ": expected ",
            group.size(), " counts, one per rank, found ", counts.size(),
            ". Pass a count for each rank, or none.");
  for (const std::int64_t count : counts) {
    DGA_CHECK(count >= 0 && count <= kMostBytes / group.size(), "[comm] ", what,
              ": expected counts of 0 to ", kMostBytes / group.size(), ", found ", count,
              ". Pass the number of elements of each rank.");
  }
  return counts;
}

void check_count(std::string_view what, std::string_view where, std::int64_t expected,
                 std::int64_t found) {
  DGA_CHECK(expected == found, "[comm] ", what, ": expected ", expected, " elements in the ", where,
            ", found ", found, ". Match the buffers to the counts.");
}

std::int64_t sum_of(const std::vector<std::int64_t>& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
}

void check_weight(DType type, ReduceOp op, double weight) {
  const bool floating = partial_type(type) == DType::f32 || type == DType::f64;
  const bool takes_weight = floating && (op == ReduceOp::sum || op == ReduceOp::mean);
  DGA_CHECK(weight == 1 || takes_weight, "[comm] reduce_scatter: expected weight 1 for ",
            name_of(op), " of ", name_of(type), ", found ", weight,
            ". Only sums of floating-point elements take another weight.");
}

}  // namespace

void check_buffer(std::string_view what, std::string_view where, ConstBufferView view) {
  DGA_CHECK(view.count >= 0 && view.count <= kMostBytes / size_of(view.type), "[comm] ", what,
            ": expected 0 to ", kMostBytes / size_of(view.type), " elements in the ", where,
            ", found ", view.count, ". Pass the number of elements.");
  DGA_CHECK(view.count == 0 || view.data != nullptr, "[comm] ", what, ": expected memory for ",
            view.count, " elements in the ", where,
            ", found a null pointer. Pass the address of the elements.");
}

CollectiveArgs reduce_scatter_args(const Group& group, ConstBufferView in, BufferView out,
                                   ReduceOp op, std::vector<std::int64_t> counts, double weight,
                                   std::string_view label) {
  const std::string_view what = "reduce_scatter";
  check_buffer(what, "input", in);
  check_buffer(what, "output", out);
  check_types(what, in, out);
  check_weight(in.type, op, weight);
  counts = resolve_counts(group, what, std::move(counts), in.count / group.size());
  check_count(what, "input", sum_of(counts), in.count);
  check_count(what, "output", counts[static_cast<std::size_t>(group.rank())], out.count);
  const ConstBufferView own = in.slice(sum_before(counts, group.rank()), out.count);
  return separated(weighted(group, {.kind = CollectiveKind::reduce_scatter,
                                    .in = in,
                                    .out = out,
                                    .op = op,
                                    .weight = weight,
                                    .counts = std::move(counts),
                                    .label = label}),
                   out, own);
}

CollectiveArgs reduce_partials_args(const Group& group, ConstBufferView in, BufferView out,
                                    const WorkerBlocks& blocks, std::vector<std::int64_t> counts,
                                    std::string_view label) {
  const std::string_view what = "reduce_scatter_partials";
  check_buffer(what, "input", in);
  check_buffer(what, "output", out);
  DGA_CHECK(in.type == partial_type(out.type), "[comm] ", what, ": expected partial sums of type ",
            name_of(partial_type(out.type)), " for elements of type ", name_of(out.type),
            ", found ", name_of(in.type), ".");
  DGA_CHECK(blocks.carriers() == group.size(), "[comm] ", what, ": expected ", group.size(),
            " carriers, one per rank, found ", blocks.carriers(), ".");
  counts = resolve_counts(group, what, std::move(counts), out.count);
  const auto parts = static_cast<std::int64_t>(blocks.cover_of(group.rank()).size());
  check_count(what, "input", sum_of(counts) * parts, in.count);
  check_count(what, "output", counts[static_cast<std::size_t>(group.rank())], out.count);
  return separated({.kind = CollectiveKind::reduce_partials,
                    .in = in,
                    .out = out,
                    .counts = std::move(counts),
                    .blocks = blocks,
                    .label = label},
                   out, {});
}

CollectiveArgs all_gather_args(const Group& group, ConstBufferView in, BufferView out,
                               std::vector<std::int64_t> counts, std::string_view label) {
  const std::string_view what = "all_gather";
  check_buffer(what, "input", in);
  check_buffer(what, "output", out);
  check_types(what, in, out);
  counts = resolve_counts(group, what, std::move(counts), in.count);
  check_count(what, "input", counts[static_cast<std::size_t>(group.rank())], in.count);
  check_count(what, "output", sum_of(counts), out.count);
  const ConstBufferView own = out.slice(sum_before(counts, group.rank()), in.count);
  return separated({.kind = CollectiveKind::all_gather,
                    .in = in,
                    .out = out,
                    .counts = std::move(counts),
                    .label = label},
                   in, own);
}

CollectiveArgs broadcast_args(const Group& group, BufferView buffer, int root,
                              std::string_view label) {
  check_buffer("broadcast", "buffer", buffer);
  check_root(group, "broadcast", root);
  return {.kind = CollectiveKind::broadcast, .out = buffer, .root = root, .label = label};
}

CollectiveArgs all_reduce_args(const Group& group, BufferView buffer, ReduceOp op,
                               std::string_view label) {
  check_buffer("all_reduce", "buffer", buffer);
  return weighted(group,
                  {.kind = CollectiveKind::all_reduce, .out = buffer, .op = op, .label = label});
}

CollectiveArgs reduce_args(const Group& group, ConstBufferView in, BufferView out, int root,
                           ReduceOp op, std::string_view label) {
  check_buffer("reduce", "input", in);
  check_root(group, "reduce", root);
  if (group.rank() == root) {
    check_buffer("reduce", "output", out);
    check_types("reduce", in, out);
    check_count("reduce", "output", in.count, out.count);
  }
  return weighted(group, {.kind = CollectiveKind::reduce,
                          .in = in,
                          .out = out,
                          .op = op,
                          .root = root,
                          .label = label});
}

CollectiveArgs gather_args(const Group& group, ConstBufferView in, BufferView out, int root,
                           std::vector<std::int64_t> counts, std::string_view label) {
  check_buffer("gather", "input", in);
  check_root(group, "gather", root);
  counts = resolve_counts(group, "gather", std::move(counts), in.count);
  check_count("gather", "input", counts[static_cast<std::size_t>(group.rank())], in.count);
  ConstBufferView own = in;
  if (group.rank() == root) {
    check_buffer("gather", "output", out);
    check_types("gather", in, out);
    check_count("gather", "output", sum_of(counts), out.count);
    own = out.slice(sum_before(counts, root), in.count);
  } else {
    out = {nullptr, 0, in.type};
  }
  return separated({.kind = CollectiveKind::gather,
                    .in = in,
                    .out = out,
                    .root = root,
                    .counts = std::move(counts),
                    .label = label},
                   in, own);
}

CollectiveArgs scatter_args(const Group& group, ConstBufferView in, BufferView out, int root,
                            std::vector<std::int64_t> counts, std::string_view label) {
  check_buffer("scatter", "output", out);
  check_root(group, "scatter", root);
  counts = resolve_counts(group, "scatter", std::move(counts), out.count);
  check_count("scatter", "output", counts[static_cast<std::size_t>(group.rank())], out.count);
  ConstBufferView own = out;
  if (group.rank() == root) {
    check_buffer("scatter", "input", in);
    check_types("scatter", in, out);
    check_count("scatter", "input", sum_of(counts), in.count);
    own = in.slice(sum_before(counts, root), out.count);
  } else {
    in = {nullptr, 0, out.type};
  }
  return separated({.kind = CollectiveKind::scatter,
                    .in = in,
                    .out = out,
                    .root = root,
                    .counts = std::move(counts),
                    .label = label},
                   out, own);
}

CollectiveArgs all_to_all_args(const Group& group, ConstBufferView in, BufferView out,
                               std::vector<std::int64_t> send_counts,
                               std::vector<std::int64_t> receive_counts, std::string_view label) {
  const std::string_view what = "all_to_all";
  check_buffer(what, "input", in);
  check_buffer(what, "output", out);
  check_types(what, in, out);
  send_counts = resolve_counts(group, what, std::move(send_counts), in.count / group.size());
  receive_counts = resolve_counts(group, what, std::move(receive_counts), out.count / group.size());
  check_count(what, "input", sum_of(send_counts), in.count);
  check_count(what, "output", sum_of(receive_counts), out.count);
  return separated({.kind = CollectiveKind::all_to_all,
                    .in = in,
                    .out = out,
                    .counts = std::move(send_counts),
                    .receive_counts = std::move(receive_counts),
                    .label = label},
                   in, {});
}

CollectiveArgs share_args(const Group& group, BufferView buffer, std::vector<std::int64_t> counts,
                          std::string_view label) {
  check_buffer("share", "buffer", buffer);
  counts = resolve_counts(group, "share", std::move(counts), buffer.count / group.size());
  check_count("share", "slices together", buffer.count, sum_of(counts));
  return {
      .kind = CollectiveKind::share, .out = buffer, .counts = std::move(counts), .label = label};
}

}  // namespace dga
