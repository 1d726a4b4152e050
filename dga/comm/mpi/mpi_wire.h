// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <mpi.h>

#include <array>
#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "dga/comm/wire.h"

namespace dga {

/// A Wire over MPI. It has communicators of its own, so its messages match no others.
class MpiWire final : public Wire {
 public:
  /// Collective over `parent`, which is duplicated and stays the caller's. Throws Error if MPI
  /// fails.
  explicit MpiWire(MPI_Comm parent);
  ~MpiWire() override;

  Request start_send(int peer, int tag, Traffic traffic, std::string_view head, const void* data,
                     std::int64_t bytes) override;
  Request start_receive(int peer, int tag, Traffic traffic, void* data, std::int64_t bytes,
                        Check check) override;
  bool test(Request request) override;
  void cancel(std::span<const Request> requests) noexcept override;
  std::unique_ptr<Wire> split(int color, int key) override;
  void abandon() noexcept override { abandoned_ = true; }
  bool test_all_ended() override;
  void raise_alarm(const std::string& text) noexcept override;
  std::optional<std::string> poll_alarm() noexcept override;
  void send_note(int peer, const std::string& note) noexcept override;
  std::optional<std::string> poll_note() noexcept override;
  std::optional<int> poll_sender(int tag, Traffic traffic) override;

 private:
  // Data up to this size travels with the head.
  static constexpr std::int64_t kInlineBytes = 1024;
  // Parts of longer data that are under way at a time. More would keep each other from completing
  // on a slow link, and those who wait would not see the message get on.
  static constexpr std::size_t kMostParts = 4;

  struct Head {
    std::int64_t bytes = 0;       // of the data
    std::int32_t data_tag = 0;    // of the parts, if the data does not travel with the head
    std::int32_t said_bytes = 0;  // of `said`
    std::array<char, kMostHead> said{};
    std::array<std::byte, kInlineBytes> data{};
  };
  struct Part {
    MPI_Request request = MPI_REQUEST_NULL;
    int bytes = 0;
  };
  struct Transfer {
    int peer = 0;
    bool sends = false;
    std::byte* data = nullptr;
    std::int64_t bytes = 0;
    Check check;
    MPI_Request head_request = MPI_REQUEST_NULL;
    Head head;
    int head_found = -1;  // bytes of the head that has arrived
    bool head_done = false;
    std::int64_t next = 0;  // the first byte of which no part has been started
    std::array<Part, kMostParts> parts;
  };

  MPI_Comm comm_of(Traffic traffic) const noexcept {
    return traffic == Traffic::user ? user_ : collective_;
  }
  Request take_transfer(int peer, bool sends, void* data, std::int64_t bytes);
  Transfer& transfer_of(Request request) noexcept {
    return (*transfers_)[static_cast<std::size_t>(request)];
  }
  bool test_head(Transfer& transfer);
  static void check_head(const Transfer& transfer);
  void start_part(Transfer& transfer, Part& part);
  bool test_parts(Transfer& transfer);
  bool has_unreceived() const noexcept;
  void forget_received_notes() noexcept;
  std::optional<std::string> poll_text(int tag) noexcept;

  MPI_Comm collective_ = MPI_COMM_NULL;
  MPI_Comm user_ = MPI_COMM_NULL;
  // The parts of long messages. Each sender numbers its messages, so that parts of one message
  // never match a receive of another, whatever the receiver has started.
  MPI_Comm data_ = MPI_COMM_NULL;
  std::int32_t next_data_tag_ = 0;
  MPI_Comm alarm_ = MPI_COMM_NULL;
  bool abandoned_ = false;
  double cancelling_since_ = 0;  // now_seconds of the first of the transfers given up lately
  MPI_Request ended_ = MPI_REQUEST_NULL;
  bool said_ended_ = false;
  // The sends of an alarm are not waited for, so their text must stay alive.
  std::unique_ptr<std::string> alarm_text_;
  struct Note {
    std::string text;
    MPI_Request request = MPI_REQUEST_NULL;
  };
  // Not received yet; their texts must not move.
  std::unique_ptr<std::deque<Note>> notes_ = std::make_unique<std::deque<Note>>();
  // Their heads must not move while they are sent.
  std::unique_ptr<std::deque<Transfer>> transfers_ = std::make_unique<std::deque<Transfer>>();
  std::vector<Request> free_;
};

}  // namespace dga
