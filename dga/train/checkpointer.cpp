// SPDX-License-Identifier: Apache-2.0

#include "dga/train/checkpointer.h"

#include <array>
#include <exception>
#include <utility>

#include "dga/base/error.h"
#include "dga/base/log.h"
#include "dga/comm/texts.h"
#include "dga/parallel/agreement.h"
#include "dga/parallel/pickled_values.h"
#include "dga/storage/atomic_file.h"
#include "dga/storage/checkpoint_names.h"
#include "dga/storage/checkpoint_tensors.h"
#include "dga/storage/checkpoints.h"
#include "dga/storage/store_path.h"
#include "dga/train/checkpoint.h"
#include "dga/train/checkpoint_saver.h"
#include "dga/train/program_state.h"

namespace dga {
namespace {

/// The beginning of the names of a worker's tensors.
std::string tensors_of_worker(int worker) {
  return str(kWorkerTensors, worker, '/');
}

}  // namespace

class Checkpointer::Impl {
 public:
  Impl(const Environment& env, const std::string& run_folder, CheckpointerOptions options)
      : env_(env),
        folder_(run_folder),
        saver_(env, run_folder, options.keep),
        exceptions_(std::uncaught_exceptions()) {
    DGA_CHECK(!run_folder.empty(),
              "[train] checkpointer: expected the folder of the run, found an empty path. Pass a "
              "path or a URI.");
    DGA_CHECK(options.keep >= 1,
              "[train] checkpointer: expected to keep 1 checkpoint or more, found ", options.keep,
              ". Raise keep.");
  }
  ~Impl() {
    if (std::uncaught_exceptions() > exceptions_) {
      return;
    }
    try {
      saver_.finish();
    } catch (...) {
      // Another worker has failed: launch says so.
    }
  }

  std::optional<LoadedCheckpoint> load(GradientAccumulator& accumulator);
  void save(GradientAccumulator& accumulator, const CheckpointState& common,
            const std::vector<CheckpointState>& own);
  void poll() { saver_.commit_if_written(); }
  std::string wait();

 private:
  /// The path of the newest good checkpoint, and the text of its state; empty if there is none. The
  /// same on every worker.
  std::array<std::string, 2> find_newest() const;
  void read_own_tensors(const CheckpointTensors& from, LoadedCheckpoint& loaded) const;
  /// Throws unless the program knows the checkpoints that are in the folder.
  void check_folder() const;
  /// Throws InvalidArgument for states that cannot be saved; returns all workers' own on worker 0.
  std::vector<CheckpointState> gather_own(const CheckpointState& common,
                                          const std::vector<CheckpointState>& own) const;

  const Environment& env_;
  std::string folder_;
  CheckpointSaver saver_;
  bool knows_folder_ = false;  // what is in it was loaded, or was saved by this
  int exceptions_;             // under way when this was made
};

std::array<std::string, 2> Checkpointer::Impl::find_newest() const {
  std::string path;
  std::string state;
  run_agreed(env_.world(), [&] {
    if (!env_.is_root()) {
      return;
    }
    const auto newest = newest_good_checkpoint(folder_, [](const std::string& text) {
      log_warning(text, " An older checkpoint is used.");
    });
    if (newest) {
      path = newest->path;
      state = read_file(path_in(path, kStateFile));
    }
  });
  broadcast_text(env_.world(), path, 0);
  broadcast_text(env_.world(), state, 0);
  return {path, state};
}

void Checkpointer::Impl::read_own_tensors(const CheckpointTensors& from,
                                          LoadedCheckpoint& loaded) const {
  for (std::size_t i = 0; i < loaded.own.size(); ++i) {
    loaded.own[i].tensors =
        read_tensors(from, tensors_of_worker(env_.block().first + static_cast<int>(i)));
  }
}

std::optional<LoadedCheckpoint> Checkpointer::Impl::load(GradientAccumulator& accumulator) {
  saver_.finish();
  const auto newest = find_newest();
  const std::string& path = newest[0];
  if (path.empty()) {
    knows_folder_ = true;
    return std::nullopt;
  }
  std::optional<CheckpointTensors> from;
  LoadedCheckpoint loaded;
  AccumulatorState rest;
  int saved_own = 0;
  run_agreed(env_.world(), [&] {
    from.emplace(path);
    ProgramState state = program_state_from_json(newest[1], path_in(path, kStateFile));
    saved_own = static_cast<int>(state.own.size());
    loaded = {.path = path,
              .step = state.step(),
              .workers = state.workers,
              .common = std::move(state.common)};
    loaded.common.tensors = read_tensors(*from, kStateTensors);
    if (saved_own == env_.blocks().workers()) {
      const WorkerBlock block = env_.block();
      loaded.own.assign(state.own.begin() + block.first, state.own.begin() + block.end());
      read_own_tensors(*from, loaded);
    }
    rest = read_rest(*from, std::move(state.numbers));
  });
  accumulator.load_owned_state(
      rest, [&](const OwnedRange& range) { return read_range(*from, range); },
      [&] {
        set_weights(accumulator.module(), read_weights(*from, kModelTensors, accumulator.module()));
      });
  if (env_.is_root() && saved_own > 0 && loaded.own.empty()) {
    log_warning("[train] checkpointer: expected ", env_.blocks().workers(),
                " workers' own states in the checkpoint ", path, ", found those of ", saved_own,
                ". They are left out: each worker begins without one.");
  }
  knows_folder_ = true;
  return loaded;
}

void Checkpointer::Impl::check_folder() const {
  run_agreed(env_.world(), [&] {
    if (!env_.is_root()) {
      return;
    }
    const std::vector<StoredCheckpoint> found = list_checkpoints(folder_);
    DGA_CHECK(found.empty(),
              "[train] checkpointer: expected a folder without checkpoints, or load "
              "before the first save, found ",
              found.empty() ? std::string() : found.back().path,
              ". Call load, or choose another folder.");
  });
}

std::vector<CheckpointState> Checkpointer::Impl::gather_own(
    const CheckpointState& common, const std::vector<CheckpointState>& own) const {
  const auto expected = static_cast<std::size_t>(env_.block().count);
  std::int64_t with_own = own.empty() ? 0 : 1;
  std::int64_t counts[] = {with_own, -with_own};
  env_.world().all_reduce({counts, 2}, ReduceOp::max, "states of the workers");
  run_agreed(env_.world(), [&] {
    DGA_CHECK(own.empty() || own.size() == expected,
              "[train] checkpoint: expected the own states of ", expected,
              " workers, as many as the block of carrier ", env_.rank(), " has, found ", own.size(),
              ". Pass one for each, or none.");
    DGA_CHECK(counts[0] == -counts[1],
              "[train] checkpoint: expected own states of all workers or of none, found them on "
              "some. Pass them alike on every worker.");
    check_texts(common, "the common state");
    for (std::size_t i = 0; i < own.size(); ++i) {
      check_texts(own[i],
                  str("the own state of worker ", env_.block().first + static_cast<int>(i)));
    }
  });
  std::vector<CheckpointState> all;
  for (const std::string& text : gather_texts(env_.world(), to_json_line(own))) {
    for (CheckpointState& state : states_from_json_line(text)) {
      all.push_back(std::move(state));
    }
  }
  return all;
}

void Checkpointer::Impl::save(GradientAccumulator& accumulator, const CheckpointState& common,
                              const std::vector<CheckpointState>& own) {
  if (!knows_folder_) {
    check_folder();
  }
  std::vector<CheckpointState> all_own = gather_own(common, own);
  saver_.save(accumulator, [&](const AccumulatorState& rest, CheckpointShard& shard) {
    for (std::size_t i = 0; i < own.size(); ++i) {
      const std::string prefix = tensors_of_worker(env_.block().first + static_cast<int>(i));
      for (const auto& [name, tensor] : own[i].tensors) {
        shard.add_copy(prefix + name, tensor);
      }
    }
    if (!env_.is_root()) {
      return std::string();
    }
    for (const auto& [name, tensor] : common.tensors) {
      shard.add_copy(kStateTensors + name, tensor);
    }
    return to_json(ProgramState{.workers = env_.blocks().workers(),
                                .numbers = rest,
                                .common = common,
                                .own = std::move(all_own)});
  });
  knows_folder_ = true;
}

std::string Checkpointer::Impl::wait() {
  std::string path = saver_.finish();
  broadcast_text(env_.world(), path, 0);
  return path;
}

Checkpointer::Checkpointer(const Environment& env, const std::string& run_folder,
                           CheckpointerOptions options)
    : impl_(std::make_unique<Impl>(env, run_folder, options)) {}

Checkpointer::~Checkpointer() = default;

std::optional<LoadedCheckpoint> Checkpointer::load(GradientAccumulator& accumulator) {
  return impl_->load(accumulator);
}

void Checkpointer::save(GradientAccumulator& accumulator, const CheckpointState& common,
                        const std::vector<CheckpointState>& own) {
  impl_->save(accumulator, common, own);
}

void Checkpointer::poll() {
  impl_->poll();
}

std::string Checkpointer::wait() {
  return impl_->wait();
}

}  // namespace dga
