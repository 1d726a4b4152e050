// SPDX-License-Identifier: Apache-2.0

#include "dga/train/shared_outcome.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <sstream>

#include "dga/base/error.h"
#include "dga/launch/launch.h"

namespace dga {
namespace {

constexpr const char* kVariable = "DGA_RUN_REPORT";

template <std::size_t N>
void put_text(std::array<char, N>& to, const std::string& text) noexcept {
  const std::size_t count = std::min(text.size(), N - 1);
  std::memcpy(to.data(), text.data(), count);
  to[count] = '\0';
}

Segment attach_to_caller() {
  const char* text = std::getenv(kVariable);
  SegmentHandle handle;
  std::istringstream in(text == nullptr ? "" : text);
  if (!(in >> handle.id >> handle.bytes >> handle.owner >> handle.fd)) {
    throw Error(str("[train] ", kVariable, ": expected the handle of a memory segment, found '",
                    text == nullptr ? "" : text,
                    "'. Leave the variable alone: dga sets it for the workers that it starts."));
  }
  return Segment::attach(MemoryKind::mapped, handle);
}

}  // namespace

// A new page is all zeros.
struct SharedOutcome::Page {
  double started;
  RunStatus status;
  std::array<char, 4096> folder;
  std::array<char, 8192> text;
};

SharedOutcome::SharedOutcome(Engine engine) {
  if (engine != Engine::processes) {
    memory_ = Segment::create(MemoryKind::heap, sizeof(Page), 1);
    return;
  }
  if (is_relaunched_worker()) {
    memory_ = attach_to_caller();
    return;
  }
  memory_ = Segment::create(MemoryKind::mapped, sizeof(Page), 1);
  const SegmentHandle& handle = memory_.handle();
  setenv(kVariable, str(handle.id, ' ', handle.bytes, ' ', handle.owner, ' ', handle.fd).c_str(),
         1);
  announced_ = true;
}

SharedOutcome::~SharedOutcome() {
  if (announced_) {
    unsetenv(kVariable);
  }
}

SharedOutcome::Page& SharedOutcome::page() const noexcept {
  return *reinterpret_cast<Page*>(memory_.data());
}

void SharedOutcome::begin(double started, const std::string& folder) {
  DGA_CHECK(folder.size() < page().folder.size(), "[train] output: expected a path of at most ",
            page().folder.size() - 1, " characters, found ", folder.size(),
            ". Choose a shorter one with --output.");
  page().started = started;
  put_text(page().folder, folder);
}

double SharedOutcome::started() const noexcept {
  return page().started;
}

std::string SharedOutcome::folder() const {
  return page().folder.data();
}

void SharedOutcome::end(RunStatus status, const std::string& text) {
  put_text(page().text, text);
  page().status = status;
}

RunStatus SharedOutcome::status() const noexcept {
  return page().status;
}

std::string SharedOutcome::text() const {
  return page().text.data();
}

}  // namespace dga
