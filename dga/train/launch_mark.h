// SPDX-License-Identifier: Apache-2.0
//
// The mark of a job of `dga launch` in the folder of its run. A later start of the job goes on with
// a run that has it; any other run in the folder is somebody else's.

#pragma once

#include <string>

namespace dga {

/// Writes the mark; does nothing in a program that dga launch has not started. Throws StorageError.
void set_launch_mark(const std::string& run_folder);
/// Whether the folder has the mark of this job. Throws StorageError.
bool has_launch_mark(const std::string& run_folder);
/// Removes the mark of any job. Throws StorageError.
void remove_launch_mark(const std::string& run_folder);

}  // namespace dga
