// SPDX-License-Identifier: Apache-2.0

#include "dga/comm/arena/group.h"

#include <algorithm>
#include <exception>
#include <map>

#include "dga/comm/arena/mailbox.h"

namespace dga {
namespace {

// Layout of the control segment: slots, descriptors, inline payloads, rings. The kernel allocates
// its pages when they are first written.
constexpr std::int64_t kSlotBytes = sizeof(Slot);
constexpr std::int64_t kDescriptorBytes = sizeof(Descriptor);
constexpr std::int64_t kNumSlots = Group::kSlots;

std::int64_t descriptors_at() noexcept {
  return kSlotBytes * kNumSlots;
}
std::int64_t payloads_at(int locals) noexcept {
  return descriptors_at() + kDescriptorBytes * kNumSlots * locals;
}
std::int64_t rings_at(int locals) noexcept {
  return payloads_at(locals) + Group::kInlineBytes * kNumSlots * locals;
}

}  // namespace

std::int64_t Group::ring_capacity(int locals) noexcept {
  // 64 KiB for each pair of workers. With very many pairs less, down to 4 KiB, to keep all rings
  // within 512 MiB.
  constexpr std::int64_t kMost = 64 << 10;
  constexpr std::int64_t kLeast = 4 << 10;
  const std::int64_t pairs = std::int64_t{locals} * locals;
  return std::clamp<std::int64_t>((std::int64_t{512} << 20) / pairs / 64 * 64, kLeast, kMost);
}

std::int64_t Group::control_bytes(int locals) noexcept {
  return rings_at(locals) + Ring::footprint(ring_capacity(locals)) * locals * locals;
}

Group::Group(std::shared_ptr<World> world, std::vector<int> members, Segment control,
             std::unique_ptr<Wire> wire, std::uint64_t id)
    : world_(std::move(world)),
      members_(std::move(members)),
      control_(std::move(control)),
      wire_(std::move(wire)),
      id_(id) {
  std::map<int, int> index_of_node;
  for (int rank = 0; rank < size(); ++rank) {
    const int worker = world_rank(rank);
    const int node = world_->placement().node_of[static_cast<std::size_t>(worker)];
    const auto [found, added] = index_of_node.emplace(node, static_cast<int>(nodes_.size()));
    if (added) {
      nodes_.emplace_back();
    }
    node_of_.push_back(found->second);
    nodes_[static_cast<std::size_t>(found->second)].push_back(rank);
    if (worker == world_->rank()) {
      rank_ = rank;
    }
  }
  for (int node = 0; node < num_nodes(); ++node) {
    covers_.push_back(tree_cover(size(), [&](int rank) { return node_of(rank) == node; }));
  }
  const auto found = std::find(locals().begin(), locals().end(), rank_);
  my_local_ = static_cast<int>(found - locals().begin());
  if (num_nodes() == 1) {
    wire_.reset();  // not needed on one node, and without a wire no wait has to poll
  }
  mailbox_ = std::make_unique<Mailbox>(*this);
  world_->inquired().push_back(this);
}

Group::~Group() {
  std::erase(world_->inquired(), this);
  // A worker that throws has not told the others yet.
  if (wire_ && (world_->failed() || std::uncaught_exceptions() > 0)) {
    wire_->abandon();
  }
}

std::vector<int> Group::relayed_ranks() const {
  std::vector<int> ranks;
  for (int rank = 0; rank < size(); ++rank) {
    if (node_of(rank) != my_node() && relay_on(my_node(), rank) == rank_) {
      ranks.push_back(rank);
    }
  }
  return ranks;
}

Inquired::Standing Group::standing(const Inquiry& inquiry) const {
  if (inquiry.what == Inquiry::What::send || inquiry.what == Inquiry::What::receive) {
    const auto peer = std::find(members_.begin(), members_.end(), inquiry.rank);
    const auto direction = inquiry.what == Inquiry::What::send ? Transfer::Direction::receive
                                                               : Transfer::Direction::send;
    const auto rank = static_cast<int>(peer - members_.begin());
    return mailbox_->has_started(direction, rank, inquiry.tag, inquiry.number)
               ? Standing::called
               : Standing::not_called;
  }
  if (inquiry.number >= num_described_) {
    return Standing::not_called;
  }
  // One whose descriptor is used for another by now was compared when it ran.
  const bool passed = num_described_ - inquiry.number > kSlots;
  return passed || descriptor(my_local_, inquiry.number).signature == inquiry.signature
             ? Standing::called
             : Standing::called_another;
}

std::string Group::mismatch(const Inquiry& inquiry) const {
  return mismatch_text({descriptor(my_local_, inquiry.number).signature, inquiry.number,
                        world_->name_of(world_->rank())},
                       {inquiry.signature, inquiry.number, world_->name_of(inquiry.rank)});
}

Slot& Group::slot(std::uint64_t number) const noexcept {
  return reinterpret_cast<Slot*>(control_.data())[number % kSlots];
}

Descriptor& Group::descriptor(int local, std::uint64_t number) const noexcept {
  auto* all = reinterpret_cast<Descriptor*>(control_.data() + descriptors_at());
  return all[static_cast<std::uint64_t>(local) * kSlots + number % kSlots];
}

std::byte* Group::inline_payload(int local, std::uint64_t number) const noexcept {
  const auto index = local * kNumSlots + static_cast<std::int64_t>(number % kSlots);
  return control_.data() + payloads_at(num_locals()) + index * kInlineBytes;
}

Ring& Group::ring(int from_local, int to_local) const noexcept {
  const std::int64_t index = std::int64_t{from_local} * num_locals() + to_local;
  return *reinterpret_cast<Ring*>(control_.data() + rings_at(num_locals()) +
                                  index * Ring::footprint(ring_bytes()));
}

}  // namespace dga
