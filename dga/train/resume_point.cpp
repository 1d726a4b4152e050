// SPDX-License-Identifier: Apache-2.0

#include "dga/train/resume_point.h"

#include "dga/base/error.h"
#include "dga/base/log.h"
#include "dga/storage/atomic_file.h"
#include "dga/storage/checkpoint_names.h"
#include "dga/storage/checkpoints.h"
#include "dga/storage/store_path.h"

namespace dga {

RunFolderMode folder_mode(const OutputOptions& options) {
  if (options.resume.empty()) {
    return RunFolderMode::fresh;
  }
  if (options.resume == kResumeAuto) {
    return RunFolderMode::resume;
  }
  const StorePath run = StorePath(options.resume).parent().parent();
  return !options.folder.empty() && run.canonical() == StorePath(options.folder).canonical()
             ? RunFolderMode::resume
             : RunFolderMode::fresh;
}

std::optional<RunResults> finished_results(const RunOptions& options) {
  if (options.output.resume != kResumeAuto) {
    return std::nullopt;
  }
  const std::string path = path_in(options.output.folder, kResultsFile);
  if (!StorePath(path).exists()) {
    return std::nullopt;
  }
  RunResults results = run_results_from_json(read_file(path), path);
  const bool whole = std::ssize(results.epochs) >= options.training.epochs;
  return !results.stopped && (whole || results.stopped_early) ? std::optional(results)
                                                              : std::nullopt;
}

std::optional<ResumePoint> find_resume_point(const TrainPlan& plan, const std::string& run_folder,
                                             bool restarted) {
  const std::string& asked = plan.options.output.resume;
  const bool only_newest = asked.empty() || asked == kResumeAuto;
  std::optional<StoredCheckpoint> newest;
  if (restarted || only_newest) {
    newest = newest_good_checkpoint(run_folder, [](const std::string& text) {
      log_warning(text, " An older checkpoint is used.");
    });
  }
  if (!newest && only_newest) {
    log_warning("[train] resume: found no checkpoint in ", run_folder,
                ". The run starts from the beginning.");
    return std::nullopt;
  }
  if (!newest) {
    verify_checkpoint(asked);
  }
  const std::string path = newest ? newest->path : asked;
  const std::string file = path_in(path, kStateFile);
  ResumePoint point{path, run_state_from_json(read_file(file), file)};
  check_resumable(point.state, plan.options, plan.data_facts, path);
  if (point.state.options.workers.count != plan.options.workers.count) {
    const bool within_epoch = !point.state.position.is_between_epochs();
    change_workers(point.state, plan.options.workers.count);
    const WorkersChange& change = point.state.workers_changed.back();
    log_warning("[train] resume: expected --workers ", change.from, ", as in the checkpoint ", path,
                ", found ", change.to, ". The run goes on with ", change.to, " workers from step ",
                change.step, ". Its weights will be others than those of a run with ", change.from,
                '.',
                within_epoch ? str(" Epoch ", change.epoch + 1,
                                   ", which was under way, begins again with these weights.")
                             : "");
  }
  return point;
}

}  // namespace dga
