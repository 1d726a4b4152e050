// SPDX-License-Identifier: Apache-2.0

#include "dga/comm/mpi/mpi_wire.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>

#include "dga/base/clock.h"
#include "dga/comm/arena/pulse.h"
#include "dga/comm/mpi/mpi_check.h"

namespace dga {
namespace {

// Small enough that those who wait see a long message get on over a slow link, large enough that
// parts cost nothing.
constexpr std::int64_t kPartBytes = std::int64_t{256} << 10;
constexpr int kAlarmTag = 1;
constexpr int kNoteTag = 2;
constexpr double kCancelSeconds = 1;

MPI_Comm duplicate(MPI_Comm parent) {
  MPI_Comm copy = MPI_COMM_NULL;
  check_mpi(MPI_Comm_dup(parent, &copy), "MPI_Comm_dup");
  check_mpi(MPI_Comm_set_errhandler(copy, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
  return copy;
}

void release(MPI_Comm& comm) noexcept {
  int finalized = 0;
  MPI_Finalized(&finalized);
  if (finalized == 0 && comm != MPI_COMM_NULL) {
    MPI_Comm_free(&comm);
  }
}

}  // namespace

MpiWire::MpiWire(MPI_Comm parent)
    : collective_(duplicate(parent)),
      user_(duplicate(parent)),
      data_(duplicate(parent)),
      alarm_(duplicate(parent)) {}

MpiWire::~MpiWire() {
  if (abandoned_ || has_unreceived()) {
    // MPI may reuse the number of a freed communicator, and the new one would then receive this
    // one's messages in transit. So none is freed, nor the text of an alarm or the head of a
    // message, which may still be being sent.
    static_cast<void>(alarm_text_.release());
    static_cast<void>(transfers_.release());
    static_cast<void>(notes_.release());
    return;
  }
  for (Note& note : *notes_) {
    MPI_Cancel(&note.request);
    MPI_Request_free(&note.request);
  }
  release(collective_);
  release(user_);
  release(data_);
  release(alarm_);
}

Wire::Request MpiWire::take_transfer(int peer, bool sends, void* data, std::int64_t bytes) {
  if (free_.empty()) {
    transfers_->emplace_back();
    free_.push_back(static_cast<Request>(transfers_->size()) - 1);
  }
  const Request request = free_.back();
  free_.pop_back();
  Transfer& transfer = transfer_of(request);
  transfer.peer = peer;
  transfer.sends = sends;
  transfer.data = static_cast<std::byte*>(data);
  transfer.bytes = bytes;
  transfer.head_found = -1;
  transfer.head_done = false;
  transfer.next = 0;
  return request;
}

Wire::Request MpiWire::start_send(int peer, int tag, Traffic traffic, std::string_view head,
                                  const void* data, std::int64_t bytes) {
  const Request request = take_transfer(peer, true, const_cast<void*>(data), bytes);
  Transfer& transfer = transfer_of(request);
  transfer.head.bytes = bytes;
  transfer.head.said_bytes = static_cast<std::int32_t>(std::min(head.size(), kMostHead));
  std::memcpy(transfer.head.said.data(), head.data(),
              static_cast<std::size_t>(transfer.head.said_bytes));
  int length = offsetof(Head, data);
  if (bytes > kInlineBytes) {
    transfer.head.data_tag = next_data_tag_;
    next_data_tag_ = next_data_tag_ == kMaxTag ? 0 : next_data_tag_ + 1;
  } else {
    if (bytes > 0) {
      std::memcpy(transfer.head.data.data(), data, static_cast<std::size_t>(bytes));
    }
    length += static_cast<int>(bytes);
    transfer.next = bytes;
  }
  check_mpi(MPI_Isend(&transfer.head, length, MPI_BYTE, peer, tag, comm_of(traffic),
                      &transfer.head_request),
            "MPI_Isend");
  for (Part& part : transfer.parts) {
    start_part(transfer, part);
  }
  return request;
}

Wire::Request MpiWire::start_receive(int peer, int tag, Traffic traffic, void* data,
                                     std::int64_t bytes, Check check) {
  const Request request = take_transfer(peer, false, data, bytes);
  Transfer& transfer = transfer_of(request);
  transfer.check = std::move(check);
  check_mpi(MPI_Irecv(&transfer.head, sizeof(Head), MPI_BYTE, peer, tag, comm_of(traffic),
                      &transfer.head_request),
            "MPI_Irecv");
  return request;
}

/// Starts the next part of the data, if any is left.
void MpiWire::start_part(Transfer& transfer, Part& part) {
  const std::int64_t left = transfer.bytes - transfer.next;
  if (left <= 0) {
    return;
  }
  std::byte* data = transfer.data + transfer.next;
  part.bytes = mpi_count(std::min(kPartBytes, left));
  transfer.next += part.bytes;
  if (transfer.sends) {
    check_mpi(MPI_Isend(data, part.bytes, MPI_BYTE, transfer.peer, transfer.head.data_tag, data_,
                        &part.request),
              "MPI_Isend");
  } else {
    check_mpi(MPI_Irecv(data, part.bytes, MPI_BYTE, transfer.peer, transfer.head.data_tag, data_,
                        &part.request),
              "MPI_Irecv");
  }
}

/// Throws unless the head that has arrived is that of the expected message.
void MpiWire::check_head(const Transfer& transfer) {
  const Head& head = transfer.head;
  constexpr int kFixed = offsetof(Head, data);
  const std::int64_t beside = head.bytes > kInlineBytes ? 0 : head.bytes;
  if (transfer.head_found < kFixed || head.bytes < 0 || transfer.head_found != kFixed + beside ||
      head.said_bytes < 0 || head.said_bytes > static_cast<std::int32_t>(kMostHead) ||
      head.data_tag < 0 || head.data_tag > kMaxTag) {
    throw Error(str("[mpi] message from rank ", transfer.peer, ": expected the head of a message, ",
                    "found ", transfer.head_found,
                    " other bytes. Run the same version of dga on all ranks."));
  }
  transfer.check({head.said.data(), static_cast<std::size_t>(head.said_bytes)}, head.bytes);
  if (head.bytes != transfer.bytes) {
    throw Error(str("[comm] message from rank ", transfer.peer, ": expected ", transfer.bytes,
                    " bytes, found ", head.bytes, ". Send and receive the same count."));
  }
}

bool MpiWire::test_head(Transfer& transfer) {
  if (transfer.head_done) {
    return true;
  }
  if (transfer.head_found < 0) {
    int done = 0;
    MPI_Status status{};
    check_mpi(MPI_Test(&transfer.head_request, &done, &status), "MPI_Test");
    if (done == 0) {
      return false;
    }
    Pulse::beat();
    if (!transfer.sends) {
      check_mpi(MPI_Get_count(&status, MPI_BYTE, &transfer.head_found), "MPI_Get_count");
    }
  }
  if (!transfer.sends) {
    check_head(transfer);  // a message that is refused is refused again
    if (transfer.bytes > kInlineBytes) {
      for (Part& part : transfer.parts) {
        start_part(transfer, part);
      }
    } else {
      if (transfer.bytes > 0) {
        std::memcpy(transfer.data, transfer.head.data.data(),
                    static_cast<std::size_t>(transfer.bytes));
      }
      transfer.next = transfer.bytes;
    }
  }
  transfer.head_done = true;
  return true;
}

bool MpiWire::test_parts(Transfer& transfer) {
  bool all = true;
  for (Part& part : transfer.parts) {
    while (part.request != MPI_REQUEST_NULL) {
      int done = 0;
      MPI_Status status{};
      check_mpi(MPI_Test(&part.request, &done, &status), "MPI_Test");
      if (done == 0) {
        all = false;
        break;
      }
      Pulse::beat();
      start_part(transfer, part);
    }
  }
  return all;
}

bool MpiWire::test(Request request) {
  Transfer& transfer = transfer_of(request);
  const bool head = test_head(transfer);
  // A receive starts its parts once it knows the head; the parts of a send do not wait for it.
  if (!test_parts(transfer) || !head) {
    return false;
  }
  transfer.check = nullptr;
  free_.push_back(request);
  return true;
}

/// Whether a message of the user has arrived that nobody has received.
bool MpiWire::has_unreceived() const noexcept {
  int finalized = 0;
  MPI_Finalized(&finalized);
  int found = 0;
  return finalized == 0 &&
         MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, user_, &found, MPI_STATUS_IGNORE) == MPI_SUCCESS &&
         found != 0;
}

void MpiWire::cancel(std::span<const Request> requests) noexcept {
  abandoned_ = true;  // the other side may send what is given up here
  std::vector<MPI_Request*> pending;
  for (const Request request : requests) {
    Transfer& transfer = transfer_of(request);
    pending.push_back(&transfer.head_request);
    for (Part& part : transfer.parts) {
      pending.push_back(&part.request);
    }
  }
  std::erase_if(pending, [](const MPI_Request* each) { return *each == MPI_REQUEST_NULL; });
  for (MPI_Request* each : pending) {
    MPI_Cancel(each);
  }
  // A receive that has a message already is not cancelled: it must have written the buffer before
  // the caller frees that. Meanwhile the other ranks' transfers get on as well.
  // All that is given up at about the same time shares one limit.
  const double started = now_seconds();
  if (started - cancelling_since_ > 2 * kCancelSeconds) {
    cancelling_since_ = started;
  }
  do {
    std::erase_if(pending, [](MPI_Request* each) {
      int done = 0;
      return MPI_Test(each, &done, MPI_STATUS_IGNORE) != MPI_SUCCESS || done != 0;
    });
  } while (!pending.empty() && now_seconds() - cancelling_since_ < kCancelSeconds);
  for (MPI_Request* each : pending) {
    if (*each != MPI_REQUEST_NULL) {
      MPI_Request_free(each);
    }
  }
  // The numbers are not reused: a late message may still complete one of these transfers.
}

std::unique_ptr<Wire> MpiWire::split(int color, int key) {
  MPI_Comm group = MPI_COMM_NULL;
  check_mpi(MPI_Comm_split(collective_, color, key, &group), "MPI_Comm_split");
  auto wire = std::make_unique<MpiWire>(group);
  MPI_Comm_free(&group);
  return wire;
}

bool MpiWire::test_all_ended() {
  if (!said_ended_) {
    forget_received_notes();
    if (!notes_->empty()) {
      return false;  // they must not arrive after the communicator has been freed
    }
    check_mpi(MPI_Ibarrier(alarm_, &ended_), "MPI_Ibarrier");
    said_ended_ = true;
  }
  int done = 0;
  check_mpi(MPI_Test(&ended_, &done, MPI_STATUS_IGNORE), "MPI_Test");
  return done != 0;
}

void MpiWire::raise_alarm(const std::string& text) noexcept {
  int rank = 0;
  int size = 0;
  MPI_Comm_rank(alarm_, &rank);
  MPI_Comm_size(alarm_, &size);
  alarm_text_ = std::make_unique<std::string>(text);
  for (int peer = 0; peer < size; ++peer) {
    if (peer != rank) {
      MPI_Request request = MPI_REQUEST_NULL;
      if (MPI_Isend(alarm_text_->data(), static_cast<int>(alarm_text_->size()), MPI_CHAR, peer,
                    kAlarmTag, alarm_, &request) == MPI_SUCCESS) {
        int sent = 0;
        MPI_Test(&request, &sent, MPI_STATUS_IGNORE);  // gives MPI the chance to send it now
        if (sent == 0) {
          MPI_Request_free(&request);
        }
      }
    }
  }
}

std::optional<std::string> MpiWire::poll_alarm() noexcept {
  return poll_text(kAlarmTag);
}

std::optional<std::string> MpiWire::poll_note() noexcept {
  return poll_text(kNoteTag);
}

std::optional<std::string> MpiWire::poll_text(int tag) noexcept {
  int found = 0;
  MPI_Status status{};
  if (MPI_Iprobe(MPI_ANY_SOURCE, tag, alarm_, &found, &status) != MPI_SUCCESS || found == 0) {
    return std::nullopt;
  }
  int length = 0;
  MPI_Get_count(&status, MPI_CHAR, &length);
  std::string text(static_cast<std::size_t>(length), ' ');
  if (MPI_Recv(text.data(), length, MPI_CHAR, status.MPI_SOURCE, tag, alarm_, MPI_STATUS_IGNORE) !=
      MPI_SUCCESS) {
    return std::nullopt;
  }
  return text;
}

void MpiWire::forget_received_notes() noexcept {
  while (!notes_->empty()) {
    int received = 0;
    if (MPI_Test(&notes_->front().request, &received, MPI_STATUS_IGNORE) == MPI_SUCCESS &&
        received == 0) {
      return;
    }
    notes_->pop_front();
  }
}

void MpiWire::send_note(int peer, const std::string& note) noexcept {
  forget_received_notes();
  notes_->push_back({note.substr(0, kMostNote)});
  Note& sending = notes_->back();
  // Synchronous: complete when it has been received.
  if (MPI_Issend(sending.text.data(), static_cast<int>(sending.text.size()), MPI_CHAR, peer,
                 kNoteTag, alarm_, &sending.request) != MPI_SUCCESS) {
    notes_->pop_back();
  }
}

std::optional<int> MpiWire::poll_sender(int tag, Traffic traffic) {
  int found = 0;
  MPI_Status status{};
  check_mpi(MPI_Iprobe(MPI_ANY_SOURCE, tag, comm_of(traffic), &found, &status), "MPI_Iprobe");
  return found != 0 ? std::optional(status.MPI_SOURCE) : std::nullopt;
}

}  // namespace dga
