// SPDX-License-Identifier: Apache-2.0

#include "dga/train/background_job.h"

#include <exception>
#include <system_error>
#include <utility>

#include "dga/base/exception_text.h"

namespace dga {

void BackgroundJob::run(const std::function<void()>& work) noexcept {
  try {
    work();
  } catch (const std::exception& error) {
    error_ = exception_text(error);
  } catch (...) {
    error_ = "it threw an object that is not a std::exception.";
  }
  ended_.store(true, std::memory_order_release);
}

void BackgroundJob::start(std::function<void()> work) {
  ended_.store(false, std::memory_order_relaxed);  // no thread runs
  error_.clear();
  try {
    thread_ = std::thread([this, work] { run(work); });
  } catch (const std::system_error&) {
    run(work);
  }
}

std::string BackgroundJob::wait() noexcept {
  if (thread_.joinable()) {
    thread_.join();
  }
  return std::exchange(error_, {});
}

}  // namespace dga
