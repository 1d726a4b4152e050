// SPDX-License-Identifier: Apache-2.0

#include "dga/comm/collectives/collective.h"

#include <algorithm>
#include <cstring>

#include "dga/base/error.h"
#include "dga/comm/collectives/collectives.h"

namespace dga {
Collective::Collective(std::shared_ptr<Group> group, CollectiveArgs args)
    : group_(std::move(group)), args_(std::move(args)), signature_(signature_of(args_)) {
  group_->world().check();
  number_ = group_->take_number();
  wait_for_slot();
  Descriptor& mine = own();
  mine.signature = signature_;
  mine.in = {};
  mine.relay = {};
  mine.weight = args_.weight;
  group_->described();
  steps_ = steps_of(*this);
  group_->world().active().push_back(this);
  steps_.resume();  // every algorithm pauses at least once: it awaits the arrivals
}

Collective::~Collective() {
  auto& active = group_->world().active();
  active.erase(std::remove(active.begin(), active.end(), this), active.end());
  for (Segment& staging : staging_) {
    group_->world().visible().give_back(std::move(staging));
  }
  if (complete_) {
    return;
  }
  std::vector<Wire::Request> unfinished;
  for (const Message& message : messages_) {
    if (!message.done) {
      unfinished.push_back(message.request);
    }
  }
  if (!unfinished.empty()) {
    group_->wire()->cancel(unfinished);
  }
  group_->world().leave_unread();
}

std::uint32_t Collective::round() const noexcept {
  return static_cast<std::uint32_t>(number_ / Group::kSlots) + 1;
}

void Collective::wait_for_slot() {
  // The slot, its descriptors and its inline payloads are reused: all workers must have finished
  // the operation that used them kSlots operations ago.
  const std::uint32_t previous = round() - 1;
  if (previous == 0) {
    return;
  }
  Phase& last = group_->slot(number_).finished;
  if (last.complete(previous)) {  // nearly always
    return;
  }
  const auto ready = [&] { return last.complete(previous); };
  const auto text = [&] { return describe(); };
  const auto absent = [&] { return absent_from((number_ - Group::kSlots) * 4 + finished_stage); };
  World& world = group_->world();
  if (world.active().empty()) {
    world.wait(last.word(), ready, text, absent);
    return;
  }
  // One of this worker's own operations may be the one that others wait for.
  world.wait_polling(
      [&] {
        if (ready()) {
          return true;
        }
        advance_all(world);
        return ready();
      },
      text, absent);
}

/// World ranks of this node's workers whose descriptor in this operation's slot has not reached
/// `stage`.
std::vector<int> Collective::absent_from(std::uint64_t stage) const {
  std::vector<int> absent;
  for (int local = 0; local < group_->num_locals(); ++local) {
    // The acquire pairs with the release in mark().
    if (group_->descriptor(local, number_).published.load(std::memory_order_acquire) < stage) {
      absent.push_back(group_->world_rank(group_->locals()[static_cast<std::size_t>(local)]));
    }
  }
  return absent;
}

bool Collective::test() {
  while (!complete_) {
    const Awaited awaited = steps_.awaited();
    if (awaited.what == Awaited::What::phase && !awaited.phase->complete(awaited.round)) {
      return false;
    }
    if (awaited.what == Awaited::What::wire && !wire_done()) {
      return false;
    }
    if (steps_.done()) {
      group_->world().check();
      throw Error(str("[comm] ", describe(),
                      ": expected an operation in progress, found one that has failed. Report its "
                      "first error."));
    }
    steps_.resume();
    complete_ = steps_.done();
  }
  return true;
}

WaitWord* Collective::sleeps_on() {
  const Awaited awaited = steps_.awaited();
  return awaited.what == Awaited::What::phase ? &awaited.phase->word() : nullptr;
}

std::string Collective::describe() const {
  return str(signature_.text(), " (operation ", number_, ")");
}

std::vector<int> Collective::missing() const {
  std::vector<int> absent;
  if (steps_.awaited().what == Awaited::What::wire) {
    // A worker that takes no message is missed as well, but only one that sends none is late.
    const bool receives = std::any_of(messages_.begin(), messages_.end(), [](const Message& each) {
      return !each.done && each.receives;
    });
    for (const Message& message : messages_) {
      if (!message.done && message.receives == receives) {
        absent.push_back(group_->world_rank(message.peer));
      }
    }
    std::sort(absent.begin(), absent.end());
    absent.erase(std::unique(absent.begin(), absent.end()), absent.end());
    return absent;
  }
  return absent_from(number_ * 4 + awaited_stage_);
}

Inquiry Collective::inquiry() const {
  Inquiry inquiry;
  inquiry.what = Inquiry::What::collective;
  inquiry.group = group_->id();
  inquiry.number = number_;
  inquiry.signature = signature_;
  return inquiry;
}

void Collective::mark(Stage stage) noexcept {
  own().published.store(number_ * 4 + stage, std::memory_order_release);
}

Region Collective::visible(const void* data, std::int64_t bytes) {
  Region region;
  if (group_->world().memory() == MemoryKind::heap) {
    region.where = Region::Where::address;
    region.address = data;
    return region;
  }
  const auto* known = group_->world().visible().find(data, bytes);
  if (known != nullptr) {
    region.where = Region::Where::segment;
    region.handle = known->handle;
    region.offset = static_cast<const std::byte*>(data) - known->data;
  }
  return region;
}

void Collective::publish(const void* data, std::int64_t bytes) {
  Descriptor& mine = own();
  if (bytes <= Group::kInlineBytes) {
    if (bytes > 0) {
      std::memcpy(group_->inline_payload(group_->my_local(), number_), data,
                  static_cast<std::size_t>(bytes));
    }
    mine.in.where = Region::Where::inlined;
    return;
  }
  mine.in = visible(data, bytes);
  if (mine.in.where == Region::Where::nowhere) {
    staging_.push_back(group_->world().visible().take_staging(bytes));
    std::byte* copy = staging_.back().data();
    copy_bytes(copy, data, bytes);
    mine.in = visible(copy, bytes);
  }
}

std::byte* Collective::expose(void* data, std::int64_t bytes) {
  Descriptor& mine = own();
  exposed_ = static_cast<std::byte*>(data);
  exposed_bytes_ = bytes;
  mine.in = visible(data, bytes);
  if (mine.in.where == Region::Where::nowhere) {
    home_ = data;
    staging_.push_back(group_->world().visible().take_staging(bytes));
    exposed_ = staging_.back().data();
    copy_bytes(exposed_, data, bytes);
    mine.in = visible(exposed_, bytes);
  }
  return exposed_;
}

void Collective::take_back() {
  if (home_ != nullptr) {
    copy_bytes(home_, exposed_, exposed_bytes_);
  }
}

std::byte* Collective::relay_buffer(std::int64_t bytes) {
  staging_.push_back(group_->world().visible().take_staging(bytes));
  std::byte* data = staging_.back().data();
  own().relay = visible(data, bytes);
  return data;
}

std::byte* Collective::scratch(std::int64_t bytes) {
  scratch_.push_back(std::make_unique_for_overwrite<std::byte[]>(static_cast<std::size_t>(bytes)));
  return scratch_.back().get();
}

void Collective::arrive() {
  mark(arrived_stage);
  group_->slot(number_).arrived.arrive(static_cast<std::uint32_t>(group_->num_locals()), round());
}

Awaited Collective::arrivals() noexcept {
  awaited_stage_ = arrived_stage;
  return {Awaited::What::phase, &group_->slot(number_).arrived, round()};
}

void Collective::relay_filled() {
  mark(relayed_stage);
  group_->slot(number_).relayed.arrive(static_cast<std::uint32_t>(group_->num_locals()), round());
}

Awaited Collective::relays() noexcept {
  awaited_stage_ = relayed_stage;
  return {Awaited::What::phase, &group_->slot(number_).relayed, round()};
}

void Collective::finish() {
  finished_ = true;
  mark(finished_stage);
  group_->slot(number_).finished.arrive(static_cast<std::uint32_t>(group_->num_locals()), round());
}

Awaited Collective::finished() noexcept {
  awaited_stage_ = finished_stage;
  return {Awaited::What::phase, &group_->slot(number_).finished, round()};
}

bool Collective::all_inline() const noexcept {
  const Descriptor& mine = own();
  return mine.in.where <= Region::Where::inlined && mine.relay.where == Region::Where::nowhere;
}

void Collective::check_signatures() const {
  for (int local = 0; local < group_->num_locals(); ++local) {
    const Signature& theirs = group_->descriptor(local, number_).signature;
    if (theirs != signature_) {
      const int other = group_->world_rank(group_->locals()[static_cast<std::size_t>(local)]);
      throw Error(mismatch_text({signature_, number_, own_name()},
                                {theirs, number_, group_->world().name_of(other)}));
    }
  }
}

const std::byte* Collective::resolve(const Region& region, int local) {
  switch (region.where) {
    case Region::Where::inlined:
      return group_->inline_payload(local, number_);
    case Region::Where::address:
      return static_cast<const std::byte*>(region.address);
    case Region::Where::segment:
      return group_->world().visible().resolve(region.handle, region.offset);
    case Region::Where::nowhere:
      break;
  }
  return nullptr;
}

const std::byte* Collective::in_of(int local) {
  if (local == group_->my_local() && exposed_ != nullptr) {
    return exposed_;
  }
  return resolve(group_->descriptor(local, number_).in, local);
}

const std::byte* Collective::relay_of(int local) {
  return resolve(group_->descriptor(local, number_).relay, local);
}

double Collective::weight_of(int local) const {
  return group_->descriptor(local, number_).weight;
}

void Collective::send(int rank, const void* data, std::int64_t bytes) {
  const int tag = static_cast<int>(number_ % (Wire::kMaxTag + 1));
  const Envelope envelope{signature_, number_};
  const std::string_view head(reinterpret_cast<const char*>(&envelope), sizeof(envelope));
  messages_.push_back(
      {group_->wire()->start_send(rank, tag, Traffic::collective, head, data, bytes), rank, false});
}

void Collective::receive(int rank, void* data, std::int64_t bytes) {
  const int tag = static_cast<int>(number_ % (Wire::kMaxTag + 1));
  const auto check = [this, rank](std::string_view head, std::int64_t found) {
    check_message(rank, head, found);
  };
  messages_.push_back(
      {group_->wire()->start_receive(rank, tag, Traffic::collective, data, bytes, check), rank,
       true});
}

void Collective::check_message(int rank, std::string_view head, std::int64_t bytes) const {
  Envelope theirs;
  static_assert(sizeof(theirs) <= Wire::kMostHead);
  if (head.size() == sizeof(theirs)) {
    std::memcpy(static_cast<void*>(&theirs), head.data(), sizeof(theirs));
  }
  if (theirs.signature != signature_ || theirs.number != number_) {
    throw Error(mismatch_text(
        {signature_, number_, own_name()},
        {theirs.signature, theirs.number, group_->world().name_of(group_->world_rank(rank))}));
  }
  if (args_.kind == CollectiveKind::all_to_all) {
    check_part(rank, bytes / size_of(signature_.type));
  }
}

void Collective::check_part(int rank, std::int64_t found) const {
  const std::int64_t expected = args_.receive_counts[static_cast<std::size_t>(rank)];
  if (found != expected) {
    throw Error(str("[comm] ", describe(), ": expected ", expected, " ", name_of(signature_.type),
                    " from ", group_->world().name_of(group_->world_rank(rank)), " on ", own_name(),
                    ", found ", found,
                    ". Exchange the counts first, for instance by an all_to_all."));
  }
}

void Collective::meet() {
  if (group_->num_nodes() == 1 || group_->my_local() != 0) {
    return;
  }
  for (int node = 0; node < group_->num_nodes(); ++node) {
    if (node != group_->my_node()) {
      send(group_->on_node(node).front(), nullptr, 0);
      receive(group_->on_node(node).front(), nullptr, 0);
    }
  }
}

std::string Collective::own_name() const {
  return group_->world().name_of(group_->world().rank());
}

bool Collective::wire_done() {
  bool all = true;
  for (Message& message : messages_) {
    if (!message.done) {
      message.done = group_->wire()->test(message.request);
      all = all && message.done;
    }
  }
  if (all) {
    messages_.clear();
  }
  return all;
}

Steps steps_of(Collective& c) {
  switch (c.args().kind) {
    case CollectiveKind::barrier:
      return barrier(c);
    case CollectiveKind::broadcast:
      return broadcast(c);
    case CollectiveKind::reduce:
      return reduce(c);
    case CollectiveKind::all_reduce:
      return all_reduce(c);
    case CollectiveKind::reduce_scatter:
    case CollectiveKind::reduce_partials:
      return reduce_scatter(c);
    case CollectiveKind::all_gather:
      return all_gather(c);
    case CollectiveKind::gather:
      return gather(c);
    case CollectiveKind::scatter:
      return scatter(c);
    case CollectiveKind::all_to_all:
      return all_to_all(c);
    case CollectiveKind::share:
      return share(c);
    case CollectiveKind::exchange:
      return exchange(c);
  }
  throw Error(str("[comm] expected a known collective, found kind ",
                  static_cast<int>(c.args().kind), ". Report this as a bug of dga."));
}

}  // namespace dga
