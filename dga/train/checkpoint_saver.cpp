// SPDX-License-Identifier: Apache-2.0

#include "dga/train/checkpoint_saver.h"

#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>
#include <vector>

#include "dga/base/error.h"
#include "dga/base/log.h"
#include "dga/comm/texts.h"
#include "dga/parallel/agreement.h"
#include "dga/parallel/pickled_values.h"
#include "dga/storage/atomic_file.h"
#include "dga/storage/checkpoint_names.h"
#include "dga/storage/store_path.h"

namespace dga {
namespace {

constexpr std::chrono::milliseconds kPause{2};

void warn_of(const std::string& error) {
  log_warning(error, " The run goes on, and the last good checkpoint stays.");
}

}  // namespace

CheckpointSaver::CheckpointSaver(const Environment& environment, std::string run_folder, int keep)
    : environment_(environment), folder_(std::move(run_folder)), keep_(keep) {}

std::string CheckpointSaver::make_folder(std::int64_t step) {
  std::string path;
  if (environment_.is_root()) {
    checkpoint_.emplace();
    checkpoint_->step = step;
    try {
      checkpoint_->writer = std::make_unique<CheckpointWriter>(folder_, step);
      path = checkpoint_->writer->path();
    } catch (const StorageError& error) {
      checkpoint_.reset();
      warn_of(error.what());
    }
  }
  broadcast_text(environment_.world(), path, 0);
  return path;
}

void CheckpointSaver::save(GradientAccumulator& accumulator, const Describe& describe) {
  AccumulatorState rest;
  const OwnedState owned = accumulator.owned_state(rest);
  static_cast<void>(finish());  // its snapshot is in use until then
  std::shared_ptr<CheckpointShard> shard;
  std::string state;
  run_agreed(environment_.world(), [&] {
    shard = std::make_shared<CheckpointShard>(owned, snapshot_);
    if (environment_.is_root()) {
      shard->add_rest(accumulator.module(), rest);
    }
    state = describe(rest, *shard);
  });
  saved_.clear();
  const std::string path = make_folder(accumulator.num_steps() + accumulator.num_skipped());
  if (path.empty()) {
    return;
  }
  if (environment_.is_root()) {
    checkpoint_->state = std::move(state);
  }
  under_way_ = true;
  writing_.start([this, shard, name = path_in(path, tensor_file_of(environment_.rank()))] {
    AtomicFile file(name);
    write_tensor_parts(file, shard->parts(), shard->order());
    written_ = file.written();
  });
}

void CheckpointSaver::commit() {
  if (!std::exchange(under_way_, false)) {
    return;
  }
  const std::string error = writing_.wait();
  const std::string mine = nlohmann::json{error, written_.bytes, written_.checksum}.dump(
      -1, ' ', false, nlohmann::json::error_handler_t::replace);
  const std::vector<std::string> all = gather_texts(environment_.world(), mine);
  if (!environment_.is_root()) {
    return;
  }
  wait_for_commit();
  // Kept alive by the thread: if a file is missing, the writer removes the others.
  const auto checkpoint = std::make_shared<UnderWay>(*std::exchange(checkpoint_, std::nullopt));
  for (std::size_t carrier = 0; carrier < all.size(); ++carrier) {
    const nlohmann::json sum = nlohmann::json::parse(all[carrier]);
    if (!sum.at(0).get<std::string>().empty()) {
      warn_of(sum.at(0).get<std::string>());
      return;
    }
    checkpoint->writer->list(tensor_file_of(static_cast<int>(carrier)),
                             {sum.at(1).get<std::int64_t>(), sum.at(2).get<std::string>()});
  }
  committing_.start([this, checkpoint] {
    checkpoint->writer->write(kStateFile, checkpoint->state);
    checkpoint->writer->commit();
    committed_ = checkpoint->writer->path();
    remove_later_checkpoints(folder_, checkpoint->step);  // those that were damaged
    remove_old_checkpoints(folder_, keep_);
  });
}

bool CheckpointSaver::commit_if_written() {
  if (!under_way_) {
    return true;
  }
  std::int64_t busy = is_writing() ? 1 : 0;
  environment_.world().all_reduce({&busy, 1}, ReduceOp::max, "writing of a checkpoint");
  if (busy == 0) {
    commit();
  }
  return busy == 0;
}

void CheckpointSaver::wait_for_commit() {
  const std::string error = committing_.wait();
  if (!error.empty()) {
    warn_of(error);
  }
  if (!committed_.empty()) {
    saved_ = std::exchange(committed_, {});
  }
}

std::string CheckpointSaver::finish() {
  // Carriers that have ended wait for the others in short steps, so that no timeout ends a run that
  // writes to a slow disk.
  while (!commit_if_written()) {
    std::this_thread::sleep_for(kPause);
  }
  if (environment_.is_root()) {
    wait_for_commit();
  }
  return saved_;
}

}  // namespace dga
