// SPDX-License-Identifier: Apache-2.0

#include "dga/storage/tensorboard/tensorboard_log.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "dga/base/error.h"
#include "dga/base/machine_info.h"
#include "dga/storage/run_folder.h"
#include "dga/storage/store_path.h"
#include "dga/storage/tensorboard/summary_event.h"

namespace dga {
namespace {

double seconds_since_1970() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

/// The name begins with the time, because TensorBoard reads the files of a folder in the order of
/// their names.
std::string new_name() {
  std::string host = host_name();
  std::replace(host.begin(), host.end(), '/', '_');
  return str(kEventFilePrefix, static_cast<std::int64_t>(seconds_since_1970()), ".", host, ".",
             ::getpid(), kEventFileSuffix);
}

}  // namespace

TensorBoardLog::TensorBoardLog(const std::string& folder)
    : path_(path_in(folder, new_name())), file_(path_) {
  unwritten_ = tf_record(version_event(seconds_since_1970()));
  flush();
}

void TensorBoardLog::scalar(std::string_view tag, std::int64_t step, double value) {
  unwritten_ += tf_record(scalar_event(seconds_since_1970(), step, tag, value));
}

void TensorBoardLog::histogram(std::string_view tag, std::int64_t step,
                               std::span<const double> values) {
  unwritten_ += tf_record(histogram_event(seconds_since_1970(), step, tag, values));
}

void TensorBoardLog::text(std::string_view tag, std::int64_t step, std::string_view markdown) {
  unwritten_ += tf_record(text_event(seconds_since_1970(), step, tag, markdown));
}

void TensorBoardLog::flush() {
  file_.append(std::as_bytes(std::span(unwritten_)));
  unwritten_.clear();
}

}  // namespace dga
