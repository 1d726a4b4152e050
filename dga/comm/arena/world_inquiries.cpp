// SPDX-License-Identifier: Apache-2.0
//
// What waiting workers ask each other; see inquiry.h.

#include <algorithm>
#include <cstring>
#include <string_view>
#include <type_traits>

#include "dga/base/clock.h"
#include "dga/base/error.h"
#include "dga/comm/arena/node_segment.h"
#include "dga/comm/arena/world.h"

namespace dga {
namespace {

// A worker asks those that it waits for when nothing has moved for this time, and again and again.
constexpr double kAskSeconds = 0.5;
constexpr double kArriveSeconds = 0.3;

/// Appends as much of `text` as fits to what is there.
template <std::size_t N>
void append(std::array<char, N>& to, std::string_view text) noexcept {
  const std::size_t used = std::strlen(to.data());
  std::copy_n(text.data(), std::min(text.size(), N - 1 - used), to.data() + used);
}

}  // namespace

void World::ask_missing(Waiting& waiting) {
  const double now = now_seconds();
  if (!waiting.inquire || now - std::max(waiting.asked, waiting.since) < kAskSeconds) {
    return;
  }
  waiting.asked = now;
  Inquiry inquiry = waiting.inquire();
  inquiry.rank = rank();
  inquiry.origin = rank();
  inquiry.wait = waiting.number;
  inquiry.round = ++num_rounds_;
  append(inquiry.circle, str(name_of(rank()), " in ", waiting.describe()));
  for (const int worker : waiting.missing()) {
    send(inquiry, worker);
  }
}

void World::send(const Inquiry& inquiry, int worker) noexcept {
  static_assert(sizeof(inquiry) <= Wire::kMostNote && std::is_trivially_copyable_v<Inquiry>);
  const std::string_view note(reinterpret_cast<const char*>(&inquiry), sizeof(inquiry));
  const auto neighbour = std::find(locals_.begin(), locals_.end(), worker);
  if (neighbour != locals_.end()) {
    inbox_of(node_, static_cast<int>(neighbour - locals_.begin())).put(note);
  } else {
    wire_->send_note(worker, std::string(note));
  }
}

void World::hear_notes() {
  const auto hear = [&](const std::string& note) {
    Inquiry inquiry;
    if (note.size() == sizeof(inquiry)) {
      std::memcpy(static_cast<void*>(&inquiry), note.data(), sizeof(inquiry));
      inquiry.signature.label.back() = '\0';
      inquiry.circle.back() = '\0';
      answer(inquiry);
    }
  };
  Inbox& inbox = inbox_of(node_, local_rank_);
  while (const auto note = inbox.take()) {
    hear(*note);
  }
  while (const auto note = wire_ ? wire_->poll_note() : std::nullopt) {
    hear(*note);
  }
}

void World::answer(Inquiry& inquiry) {
  const auto is_worker = [&](int rank) { return rank >= 0 && rank < placement().num_workers(); };
  if (!is_worker(inquiry.rank) || !is_worker(inquiry.origin)) {
    return;
  }
  if (inquiry.kind == Inquiry::Kind::has_returned) {
    returned_.emplace(inquiry.rank, now_seconds());
    return;
  }
  if (inquiry.kind == Inquiry::Kind::got_on) {
    got_on_[inquiry.rank] = now_seconds() - inquiry.idle_s;
    return;
  }
  Inquiry reply;
  reply.rank = rank();
  if (own_presence().state() == Presence::State::finished) {
    // Whether this worker is still missed is for the other to say: the question may be old.
    reply.kind = Inquiry::Kind::has_returned;
    send(reply, inquiry.rank);
    return;
  }
  const double got_on = own_presence().got_on.load(std::memory_order_relaxed);
  if (got_on > 0 && presence(inquiry.rank) == nullptr) {
    reply.kind = Inquiry::Kind::got_on;
    reply.idle_s = now_seconds() - got_on;
    send(reply, inquiry.rank);
  }
  if (inquiry.what == Inquiry::What::other) {
    return;
  }
  const auto group = std::find_if(inquired_.begin(), inquired_.end(), [&](const Inquired* each) {
    return each->id() == inquiry.group;
  });
  if (group == inquired_.end()) {
    return;  // this worker has done its part in the group, and has released it
  }
  const Inquired::Standing standing = (*group)->standing(inquiry);
  if (standing == Inquired::Standing::called_another) {
    fail((*group)->mismatch(inquiry));
    return;
  }
  if (waiting_ == nullptr || !waiting_->inquire) {
    return;
  }
  if (standing == Inquired::Standing::not_called) {
    inquiry.out_of_order = 1;
  } else {
    // It is no longer waited for, or its part of the operation waits for others.
    const Inquiry own = waiting_->inquire();
    if (own.what != Inquiry::What::collective || inquiry.what != own.what ||
        own.group != inquiry.group || own.number != inquiry.number) {
      return;
    }
  }
  pass_on(inquiry);
}

/// The worker that asks does not go on before this worker does, which waits itself.
///
/// Suppose that a question comes back to its origin, which is still in the same wait. Each worker
/// that passed it on was waiting then, for an operation that the next one had not called: so it
/// waits still, because none of the others has called anything since. The operations in which a
/// worker has already taken part, and now waits for others, do not make a circle by themselves:
/// their messages may be under way. But with one operation that was not called yet, they are called
/// in different orders.
void World::pass_on(Inquiry& inquiry) {
  if (inquiry.origin == rank()) {
    if (inquiry.out_of_order != 0 && inquiry.wait == waiting_->number) {
      fail(
          str("[comm] expected the same order of calls on every worker, found workers that wait "
              "for each other: ",
              inquiry.circle.data(),
              ". Call the same collectives and messages in an order that suits all of them."));
    }
    return;
  }
  std::uint64_t& last = passed_on_[inquiry.origin];
  if (inquiry.round <= last) {
    return;
  }
  last = inquiry.round;
  Inquiry next = waiting_->inquire();
  next.rank = rank();
  next.origin = inquiry.origin;
  next.out_of_order = inquiry.out_of_order;
  next.wait = inquiry.wait;
  next.round = inquiry.round;
  next.circle = inquiry.circle;
  append(next.circle, str(", ", name_of(rank()), " in ", waiting_->describe()));
  for (const int worker : waiting_->missing()) {
    send(next, worker);
  }
}

/// Of a worker of another node only some time after it was heard: what it sent before may still be
/// under way.
bool World::has_returned(int worker) const noexcept {
  if (const Presence* neighbour = presence(worker)) {
    return worker != rank() && neighbour->state() == Presence::State::finished;
  }
  const auto heard = returned_.find(worker);
  return heard != returned_.end() && now_seconds() - heard->second > kArriveSeconds;
}

}  // namespace dga
