// SPDX-License-Identifier: Apache-2.0

#include "dga/train/telemetry.h"

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "dga/base/clock.h"
#include "dga/base/error.h"
#include "dga/options/option_table.h"
#include "dga/storage/run_folder.h"
#include "dga/storage/store_path.h"
#include "dga/storage/trace_file.h"

namespace dga {
namespace {

constexpr std::array kPhases{StepPhase::compute, StepPhase::reduce, StepPhase::wait,
                             StepPhase::data};
constexpr std::array kPhaseTags{"worker_seconds/compute", "worker_seconds/reduce",
                                "worker_seconds/wait", "worker_seconds/data"};
constexpr std::size_t kSpansAMessage = 2048;
constexpr std::int64_t kSpanBytes = sizeof(TraceSpan);

/// Escapes what Markdown or HTML would interpret; a line break would end the table.
std::string cell(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '|' || c == '<' || c == '\\' || c == '*' || c == '_') {
      out += '\\';
    }
    out += c == '\n' || c == '\r' ? ' ' : c;
  }
  return out;
}

std::string markdown_table(const RunOptions& options) {
  std::string table = "| option | value |\n|---|---|\n";
  for (const Option& row : option_table()) {
    table += str("| ", row.name, " | ", cell(row.text_of(row.get(options))), " |\n");
  }
  return table;
}

}  // namespace

Telemetry::Telemetry(const Environment& environment, const TrainPlan& plan, ResultWriter& writer,
                     StepRecorder& recorder, const WorkerTimes& times)
    : environment_(environment),
      plan_(plan),
      writer_(writer),
      recorder_(recorder),
      times_(times),
      logged_(static_cast<std::size_t>(environment.block().count)) {}

void Telemetry::begin() {
  if (plan_.options.output.tensorboard && environment_.is_root()) {
    writer_.attempt([&] { write_options(); });
  }
  if (!plan_.options.output.trace) {
    return;
  }
  const Communicator& world = environment_.world();
  world.barrier("trace start");
  origin_ = now_seconds();
  double root_origin = origin_;
  world.broadcast({&root_origin, 1}, 0, "trace start");
  // Workers of one node read one clock. The others take the end of the barrier as the same moment.
  const std::vector<int> node_of = world.placement().node_of;
  if (node_of[static_cast<std::size_t>(environment_.rank())] == node_of.front()) {
    origin_ = root_origin;
  }
  recorder_.start_tracing();
}

void Telemetry::write_options() {
  RunOptions resolved = plan_.options;
  resolved.output.folder = writer_.folder();
  tensorboard_.emplace(writer_.folder());
  tensorboard_->text("options", 0, markdown_table(resolved));
  tensorboard_->flush();
}

void Telemetry::epoch_done(const EpochResult& epoch, double learning_rate) {
  if (plan_.options.output.tensorboard) {
    const std::vector<double> seconds = gather_seconds();
    if (tensorboard_) {
      writer_.attempt([&] { write_epoch(epoch, learning_rate, seconds); });
    }
  }
}

std::vector<double> Telemetry::gather_seconds() {
  std::vector<double> mine;
  const std::vector<PhaseSeconds> totals = times_.totals();
  for (std::size_t worker = 0; worker < totals.size(); ++worker) {
    for (const StepPhase phase : kPhases) {
      const auto at = static_cast<std::size_t>(phase);
      mine.push_back(totals[worker][at] - logged_[worker][at]);
    }
  }
  logged_ = totals;
  const WorkerBlocks& blocks = environment_.blocks();
  const auto workers = static_cast<std::size_t>(blocks.workers());
  std::vector<std::int64_t> counts;
  for (int carrier = 0; carrier < blocks.carriers(); ++carrier) {
    counts.push_back(blocks.of(carrier).count * std::ssize(kPhases));
  }
  std::vector<double> all(environment_.is_root() ? kPhases.size() * workers : 0);
  environment_.world().gather(ConstBufferView(mine.data(), std::ssize(mine)),
                              BufferView(all.data(), std::ssize(all)), 0, counts, "epoch times");
  std::vector<double> by_phase(all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    by_phase[i % kPhases.size() * workers + i / kPhases.size()] = all[i];
  }
  return by_phase;
}

void Telemetry::write_epoch(const EpochResult& epoch, double learning_rate,
                            std::span<const double> seconds) {
  tensorboard_->scalar("loss", epoch.epoch, epoch.loss);
  if (epoch.train_error) {
    tensorboard_->scalar("train_error", epoch.epoch, *epoch.train_error);
  }
  if (epoch.val_error) {
    tensorboard_->scalar("val_error", epoch.epoch, *epoch.val_error);
  }
  if (epoch.test_error) {
    tensorboard_->scalar("test_error", epoch.epoch, *epoch.test_error);
  }
  tensorboard_->scalar("seconds", epoch.epoch, epoch.seconds);
  tensorboard_->scalar("learning_rate", epoch.epoch, learning_rate);
  for (const auto& [name, value] : epoch.metrics) {
    tensorboard_->scalar("metrics/" + name, epoch.epoch, value);
  }
  const std::size_t workers = seconds.size() / kPhases.size();
  for (std::size_t phase = 0; phase < kPhases.size(); ++phase) {
    tensorboard_->histogram(kPhaseTags[phase], epoch.epoch,
                            seconds.subspan(phase * workers, workers));
  }
  tensorboard_->flush();
}

void Telemetry::finish() {
  if (tensorboard_) {
    writer_.list(file_name(tensorboard_->path()), tensorboard_->written());
  }
  if (plan_.options.output.trace) {
    if (environment_.is_root()) {
      write_trace();
    } else {
      send_trace();
    }
  }
}

/// Sends the spans in messages; an empty message is the last.
void Telemetry::send_trace() const {
  const Communicator& world = environment_.world();
  const auto send = [&](std::span<const TraceSpan> spans) {
    const std::int64_t count = std::ssize(spans);
    world.send({&count, 1}, 0);
    if (count > 0) {
      world.send({spans.data(), count * kSpanBytes, DType::u8}, 0);
    }
  };
  for_spans(recorder_.marks(), origin_, kSpansAMessage, send);
  send({});
}

/// Receives from one worker after the other, so that worker 0 holds the spans of one message at a
/// time. After a StorageError it still receives the messages, so that no sender blocks.
void Telemetry::write_trace() {
  std::optional<TraceFile> file;
  const auto write = [&](std::span<const TraceSpan> spans) {
    writer_.attempt([&] {
      for (const TraceSpan& span : spans) {
        file->add(span);
      }
    });
  };
  const auto begin = [&](int rank) {
    writer_.attempt([&] { file->begin_row(rank, environment_.blocks().name_of(rank)); });
  };
  writer_.attempt([&] { file.emplace(writer_.file(kTraceFile), plan_.steps_per_epoch); });
  begin(0);
  for_spans(recorder_.marks(), origin_, kSpansAMessage, write);
  const Communicator& world = environment_.world();
  std::vector<TraceSpan> spans(kSpansAMessage);
  for (int rank = 1; rank < world.size(); ++rank) {
    begin(rank);
    while (true) {
      std::int64_t count = 0;
      world.receive({&count, 1}, rank);
      if (count == 0) {
        break;
      }
      spans.resize(static_cast<std::size_t>(count));
      world.receive({spans.data(), std::ssize(spans) * kSpanBytes, DType::u8}, rank);
      write(spans);
    }
  }
  writer_.attempt([&] {
    file->commit();
    writer_.list(kTraceFile, file->written());
  });
}

}  // namespace dga
