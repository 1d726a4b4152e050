// SPDX-License-Identifier: Apache-2.0
//
// ResumePoint: the checkpoint from which a run goes on.

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "dga/storage/run_folder.h"
#include "dga/storage/run_results.h"
#include "dga/train/plan.h"
#include "dga/train/run_state.h"

namespace dga {

/// The value of --resume that asks for the newest good checkpoint.
inline constexpr std::string_view kResumeAuto = "auto";

struct ResumePoint {
  std::string path;
  RunState state;
};

/// How the run's folder is opened: --resume auto, and the path of one of its own checkpoints, go on
/// in a folder that contains a run. Throws StorageError if a path cannot be looked at.
RunFolderMode folder_mode(const OutputOptions& options);

/// The results of the run in the folder, if --resume auto would have nothing to do: it has
/// finished, with as many epochs as `options` ask for. Throws StorageError.
std::optional<RunResults> finished_results(const RunOptions& options);

/// The checkpoint that options.output.resume names; nothing, with a warning, if it is auto and
/// `run_folder` has no good one. Of another number of workers: as change_workers makes it, with a
/// warning. Warns of each damaged one that is passed over. Called by the
/// process that writes the run's files. Throws StorageError for a path that is no good checkpoint,
/// and InvalidArgument for one of a run that `plan` does not go on from (check_resumable).
/// `restarted`: the workers were started again, and go on from the newest good checkpoint of
/// `run_folder`, or else as the first time.
std::optional<ResumePoint> find_resume_point(const TrainPlan& plan, const std::string& run_folder,
                                             bool restarted);

}  // namespace dga
