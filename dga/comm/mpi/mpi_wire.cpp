// SPDX-License-Identifier: Apache-2.0

#include "dga/comm/mpi/mpi_wire.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "dga/base/clock.h"
#include "dga/comm/arena/pulse.h"
#include "dga/comm/mpi/mpi_check.h"

namespace dga {
namespace {

// Small enough that those who wait see a long message get on, large enough that parts cost nothing.
constexpr std::int64_t kPartBytes = std::int64_t{64} << 20;
constexpr int kAlarmTag = 1;
constexpr int kNoteTag = 2;
constexpr double kCancelSeconds = 1;

/// Calls `start(at, count)` for each part of a message. An empty message has one empty part.
template <typename Start>
void for_each_part(std::int64_t bytes, Start&& start) {
  std::int64_t at = 0;
  do {
    const std::int64_t count = std::min(kPartBytes, bytes - at);
    start(at, count);
    at += count;
  } while (at < bytes);
}

/// Whether `code` says that a message was longer than its receive.
bool is_truncation(int code) noexcept {
  int kind = MPI_SUCCESS;
  return code != MPI_SUCCESS && MPI_Error_class(code, &kind) == MPI_SUCCESS &&
         kind == MPI_ERR_TRUNCATE;
}

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
    : collective_(duplicate(parent)), user_(duplicate(parent)), alarm_(duplicate(parent)) {}

MpiWire::~MpiWire() {
  if (abandoned_) {
    // MPI may reuse the number of a freed communicator, and the new one would then receive this
    // one's messages in transit. So none is freed, nor the text of an alarm, which may still be
    // being sent.
    static_cast<void>(alarm_text_.release());
    static_cast<void>(notes_.release());
    return;
  }
  for (Note& note : *notes_) {
    MPI_Cancel(&note.request);
    MPI_Request_free(&note.request);
  }
  release(collective_);
  release(user_);
  release(alarm_);
}

Wire::Request MpiWire::take_transfer() {
  if (free_.empty()) {
    transfers_.emplace_back();
    free_.push_back(static_cast<Request>(transfers_.size()) - 1);
  }
  const Request request = free_.back();
  free_.pop_back();
  Transfer& transfer = transfers_[static_cast<std::size_t>(request)];
  transfer.parts.clear();
  transfer.expected.clear();
  return request;
}

Wire::Request MpiWire::start_send(int peer, int tag, Traffic traffic, const void* data,
                                  std::int64_t bytes) {
  const Request request = take_transfer();
  Transfer& transfer = transfers_[static_cast<std::size_t>(request)];
  for_each_part(bytes, [&](std::int64_t at, std::int64_t count) {
    transfer.parts.push_back(MPI_REQUEST_NULL);
    check_mpi(MPI_Isend(static_cast<const std::byte*>(data) + at, mpi_count(count), MPI_BYTE, peer,
                        tag, comm_of(traffic), &transfer.parts.back()),
              "MPI_Isend");
  });
  return request;
}

Wire::Request MpiWire::start_receive(int peer, int tag, Traffic traffic, void* data,
                                     std::int64_t bytes) {
  const Request request = take_transfer();
  Transfer& transfer = transfers_[static_cast<std::size_t>(request)];
  for_each_part(bytes, [&](std::int64_t at, std::int64_t count) {
    transfer.parts.push_back(MPI_REQUEST_NULL);
    transfer.expected.push_back(count);
    check_mpi(MPI_Irecv(static_cast<std::byte*>(data) + at, mpi_count(count), MPI_BYTE, peer, tag,
                        comm_of(traffic), &transfer.parts.back()),
              "MPI_Irecv");
  });
  return request;
}

bool MpiWire::test(Request request) {
  Transfer& transfer = transfers_[static_cast<std::size_t>(request)];
  for (std::size_t i = 0; i < transfer.parts.size(); ++i) {
    if (transfer.parts[i] == MPI_REQUEST_NULL) {
      continue;
    }
    int done = 0;
    MPI_Status status{};
    const int code = MPI_Test(&transfer.parts[i], &done, &status);
    if (is_truncation(code)) {
      throw Error(
          str("[comm] expected a message of ", transfer.expected[i],
              " bytes between nodes, found a longer one. Send and receive the same count."));
    }
    check_mpi(code, "MPI_Test");
    if (done == 0) {
      return false;
    }
    Pulse::beat();
    if (!transfer.expected.empty()) {
      int found = 0;
      check_mpi(MPI_Get_count(&status, MPI_BYTE, &found), "MPI_Get_count");
      if (found != transfer.expected[i]) {
        throw Error(str("[comm] expected a message of ", transfer.expected[i],
                        " bytes between nodes, found ", found,
                        ". Send and receive the same count."));
      }
    }
  }
  free_.push_back(request);
  return true;
}

void MpiWire::cancel(Request request) noexcept {
  Transfer& transfer = transfers_[static_cast<std::size_t>(request)];
  for (MPI_Request& part : transfer.parts) {
    if (part == MPI_REQUEST_NULL) {
      continue;
    }
    MPI_Cancel(&part);
    // A receive that has a message already is not cancelled: it must have written the buffer before
    // the caller frees that.
    const double started = now_seconds();
    int done = 0;
    while (done == 0 && now_seconds() - started < kCancelSeconds) {
      if (MPI_Test(&part, &done, MPI_STATUS_IGNORE) != MPI_SUCCESS) {
        break;
      }
    }
    if (part != MPI_REQUEST_NULL) {
      MPI_Request_free(&part);
    }
  }
  // The number is not reused: a late message may still complete this transfer.
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

void MpiWire::send_note(int peer, const std::string& note) noexcept {
  while (!notes_->empty()) {
    int sent = 0;
    if (MPI_Test(&notes_->front().request, &sent, MPI_STATUS_IGNORE) == MPI_SUCCESS && sent == 0) {
      break;
    }
    notes_->pop_front();
  }
  notes_->push_back({note.substr(0, kMostNote)});
  Note& sending = notes_->back();
  if (MPI_Isend(sending.text.data(), static_cast<int>(sending.text.size()), MPI_CHAR, peer,
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
