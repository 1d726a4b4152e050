// SPDX-License-Identifier: Apache-2.0

#include "dga/comm/collectives/signature.h"

#include <algorithm>
#include <functional>
#include <vector>

#include "dga/base/error.h"
#include "dga/comm/collectives/collective.h"

namespace dga {
namespace {

std::uint64_t hash_counts(const std::vector<std::int64_t>& counts) noexcept {
  std::uint64_t hash = 0xcbf29ce484222325ULL;  // FNV-1a over 64-bit integers instead of bytes
  for (const std::int64_t count : counts) {
    hash = (hash ^ static_cast<std::uint64_t>(count)) * 0x100000001b3ULL;
  }
  return hash;
}

void keep_uneven(const std::vector<std::int64_t>& counts, Signature& signature) noexcept {
  if (std::adjacent_find(counts.begin(), counts.end(), std::not_equal_to<>()) != counts.end()) {
    signature.num_counts = static_cast<std::int32_t>(counts.size());
    std::copy_n(counts.begin(), std::min(counts.size(), Signature::kCounts),
                signature.counts.begin());
  }
}

}  // namespace

Signature signature_of(const CollectiveArgs& args) noexcept {
  Signature signature;
  signature.kind = args.kind;
  signature.op = args.op;
  signature.type = args.in.data != nullptr ? args.in.type : args.out.type;
  signature.root = args.root;
  switch (args.kind) {
    case CollectiveKind::barrier:
    case CollectiveKind::exchange:
      signature.type = DType::u8;
      break;
    case CollectiveKind::broadcast:
    case CollectiveKind::all_reduce:
    case CollectiveKind::share:
      signature.count = args.out.count;
      signature.counts_hash = hash_counts(args.counts);
      keep_uneven(args.counts, signature);
      break;
    case CollectiveKind::reduce:
      signature.count = args.in.count;
      break;
    case CollectiveKind::all_to_all:
      break;  // counts differ between ranks; each pair of ranks compares its own
    case CollectiveKind::reduce_partials:
      signature.root = args.blocks->workers();
      [[fallthrough]];
    case CollectiveKind::reduce_scatter:
    case CollectiveKind::all_gather:
    case CollectiveKind::gather:
    case CollectiveKind::scatter:
      for (const std::int64_t count : args.counts) {
        signature.count += count;
      }
      signature.counts_hash = hash_counts(args.counts);
      keep_uneven(args.counts, signature);
      break;
  }
  if (args.whole_count > 0) {
    signature.in_pieces = true;
    signature.count = args.whole_count;
    signature.counts_hash = hash_counts({args.first, args.out.count});
  }
  const std::size_t n = std::min(args.label.size(), Signature::kLabelBytes - 1);
  std::copy_n(args.label.data(), n, signature.label.data());
  return signature;
}

std::string_view collective_name(CollectiveKind kind) noexcept {
  switch (kind) {
    case CollectiveKind::barrier:
      return "barrier";
    case CollectiveKind::broadcast:
      return "broadcast";
    case CollectiveKind::reduce:
      return "reduce";
    case CollectiveKind::all_reduce:
      return "all_reduce";
    case CollectiveKind::reduce_scatter:
      return "reduce_scatter";
    case CollectiveKind::reduce_partials:
      return "reduce_scatter of partial sums";
    case CollectiveKind::all_gather:
      return "all_gather";
    case CollectiveKind::gather:
      return "gather";
    case CollectiveKind::scatter:
      return "scatter";
    case CollectiveKind::all_to_all:
      return "all_to_all";
    case CollectiveKind::share:
      return "share";
    case CollectiveKind::exchange:
      break;
  }
  return "set-up";
}

namespace {

bool has_root(CollectiveKind kind) noexcept {
  return kind == CollectiveKind::broadcast || kind == CollectiveKind::reduce ||
         kind == CollectiveKind::gather || kind == CollectiveKind::scatter;
}

/// " (1, 2, 3)", or "" if all counts are equal.
std::string counts_text(const Signature& signature) {
  std::string text;
  const auto all = static_cast<std::size_t>(signature.num_counts);
  const std::size_t shown = std::min(all, Signature::kCounts);
  for (std::size_t i = 0; i < shown; ++i) {
    text += str(i == 0 ? " (" : ", ", signature.counts[i]);
  }
  return shown == 0 ? text : text + (all > shown ? ", …)" : ")");
}

}  // namespace

std::string Signature::text_beside(const Signature& other) const {
  std::string what(collective_name(kind));
  if (label[0] != '\0') {
    what += str(" '", label.data(), "'");
  }
  const bool same_kind = kind == other.kind;
  if (count > 0 || (same_kind && count != other.count)) {
    what += str(" of ", count, " ", name_of(type));
  } else if (same_kind && type != other.type) {
    what += str(" of ", name_of(type));
  }
  what += counts_text(*this);
  if (!same_kind) {
    return what;
  }
  if (op != other.op) {
    what += str(" with ", name_of(op));
  }
  if (has_root(kind) && root != other.root) {
    what += str(" with root ", root);
  }
  if (kind == CollectiveKind::reduce_partials && root != other.root) {
    what += str(" over ", root, " workers");
  }
  if (in_pieces != other.in_pieces) {
    what += in_pieces ? " that waits" : " that was started";
  } else if (counts_hash != other.counts_hash && count == other.count && counts == other.counts &&
             num_counts == other.num_counts) {
    what += str(" with checksum ", counts_hash, " of all counts");
  }
  return what;
}

std::string mismatch_text(const Call& expected, const Call& found) {
  return str("[comm] operation ", expected.number, ": expected ",
             expected.signature.text_beside(found.signature), " on every worker, as on ",
             expected.worker, ", found ", found.signature.text_beside(expected.signature),
             found.number == expected.number ? "" : str(" (operation ", found.number, ")"), " on ",
             found.worker,
             ". Call the same collectives with the same counts, types, reductions, roots and "
             "labels in the same order.");
}

}  // namespace dga
