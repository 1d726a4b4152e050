// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <mpi.h>

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

  Request start_send(int peer, int tag, Traffic traffic, const void* data,
                     std::int64_t bytes) override;
  Request start_receive(int peer, int tag, Traffic traffic, void* data,
                        std::int64_t bytes) override;
  bool test(Request request) override;
  void cancel(Request request) noexcept override;
  std::unique_ptr<Wire> split(int color, int key) override;
  void abandon() noexcept override { abandoned_ = true; }
  bool test_all_ended() override;
  void raise_alarm(const std::string& text) noexcept override;
  std::optional<std::string> poll_alarm() noexcept override;
  void send_note(int peer, const std::string& note) noexcept override;
  std::optional<std::string> poll_note() noexcept override;
  std::optional<int> poll_sender(int tag, Traffic traffic) override;

 private:
  // A long message is sent in parts whose sizes fit an int.
  struct Transfer {
    std::vector<MPI_Request> parts;
    std::vector<std::int64_t> expected;  // bytes; empty for a send
  };

  MPI_Comm comm_of(Traffic traffic) const noexcept {
    return traffic == Traffic::user ? user_ : collective_;
  }
  Request take_transfer();
  std::optional<std::string> poll_text(int tag) noexcept;

  MPI_Comm collective_ = MPI_COMM_NULL;
  MPI_Comm user_ = MPI_COMM_NULL;
  MPI_Comm alarm_ = MPI_COMM_NULL;
  bool abandoned_ = false;
  MPI_Request ended_ = MPI_REQUEST_NULL;
  bool said_ended_ = false;
  // The sends of an alarm are not waited for, so their text must stay alive.
  std::unique_ptr<std::string> alarm_text_;
  struct Note {
    std::string text;
    MPI_Request request = MPI_REQUEST_NULL;
  };
  // Under way; their texts must not move.
  std::unique_ptr<std::deque<Note>> notes_ = std::make_unique<std::deque<Note>>();
  std::deque<Transfer> transfers_;
  std::vector<Request> free_;
};

}  // namespace dga
