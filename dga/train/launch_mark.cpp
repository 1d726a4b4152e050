// SPDX-License-Identifier: Apache-2.0

#include "dga/train/launch_mark.h"

#include "dga/launch/supervised.h"
#include "dga/storage/atomic_file.h"
#include "dga/storage/run_folder.h"
#include "dga/storage/store_path.h"

namespace dga {
namespace {

std::string mark_in(const std::string& run_folder) {
  return path_in(run_folder, ".launch");
}

}  // namespace

void set_launch_mark(const std::string& run_folder) {
  if (const auto self = supervised()) {
    atomic_write(mark_in(run_folder), self->job);
  }
}

bool has_launch_mark(const std::string& run_folder) {
  const auto self = supervised();
  const std::string mark = mark_in(run_folder);
  return self && StorePath(mark).exists() && read_file(mark) == self->job;
}

void remove_launch_mark(const std::string& run_folder) {
  StorePath(mark_in(run_folder)).remove();
}

}  // namespace dga
