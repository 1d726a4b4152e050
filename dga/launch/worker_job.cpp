// SPDX-License-Identifier: Apache-2.0

#include "dga/launch/worker_job.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "dga/base/descriptor.h"
#include "dga/base/dtype.h"
#include "dga/base/error.h"
#include "dga/comm/arena/segment.h"
#include "dga/launch/launch.h"
#include "dga/launch/load_options.h"
#include "dga/launch/stop_signal.h"
#include "dga/options/options_json.h"
#include "dga/storage/model_card.h"

namespace dga {
namespace {

using Json = nlohmann::json;

constexpr const char* kJobVariable = "DGA_WORKER_JOB";

/// The caller's reply to the message of an epoch. A worker 0 that was started again discards those
/// to the one before.
struct Reply {
  std::int32_t process;  // of the worker 0 that sent the message
  std::int32_t stop;
};

std::string handle_text(const SegmentHandle& handle) {
  return str(handle.id, ' ', handle.bytes, ' ', handle.owner, ' ', handle.fd);
}

Segment attach_to(const std::string& text) {
  SegmentHandle handle;
  std::istringstream in(text);
  if (!(in >> handle.id >> handle.bytes >> handle.owner >> handle.fd)) {
    throw Error(str("[launch] ", kJobVariable,
                    ": expected the value that dga sets for a worker "
                    "process, found '",
                    text, "'. Do not start this program by hand."));
  }
  return Segment::attach(MemoryKind::mapped, handle);
}

Segment copy_of(const void* data, std::int64_t bytes) {
  Segment segment = Segment::create(MemoryKind::mapped, std::max<std::int64_t>(bytes, 1), 1);
  std::memcpy(segment.data(), data, static_cast<std::size_t>(bytes));
  return segment;
}

/// The array in a segment. The pointer keeps the segment attached.
template <typename T>
std::shared_ptr<const T[]> array_in(const std::string& handle) {
  auto segment = std::make_shared<Segment>(attach_to(handle));
  return {segment, reinterpret_cast<const T*>(segment->data())};
}

/// Copies a table to new segments and returns their handles and the table's shape as JSON; null for
/// no table: streamed samples stay in their files.
Json share_table(const Dataset* data, std::vector<Segment>& segments) {
  const auto* table = dynamic_cast<const Table*>(data);
  if (table == nullptr) {
    return nullptr;
  }
  const std::int64_t size = table->size();
  const ConstBufferView features = table->features_in_memory();
  segments.push_back(copy_of(features.data, features.bytes()));
  Json json{
      {"size", size},
      {"shape", table->sample_shape()},
      {features.type == DType::u8 ? "bytes" : "features", handle_text(segments.back().handle())},
      {"feature_origins", table->origins().features},
      {"target_origin", table->origins().target}};
  if (table->targets() != nullptr) {
    segments.push_back(copy_of(table->targets(), size * std::int64_t{sizeof(float)}));
    json["targets"] = handle_text(segments.back().handle());
  } else {
    segments.push_back(copy_of(table->labels(), size * std::int64_t{sizeof(std::int64_t)}));
    json["labels"] = handle_text(segments.back().handle());
    json["class_names"] = table->class_names();
  }
  return json;
}

std::shared_ptr<const Table> attach_table(const Json& json) {
  if (json.is_null()) {
    return nullptr;
  }
  const auto size = json.at("size").get<std::int64_t>();
  auto shape = json.at("shape").get<std::vector<std::int64_t>>();
  Table::Features features =
      json.contains("bytes")
          ? Table::Features(array_in<std::uint8_t>(json.at("bytes").get<std::string>()))
          : Table::Features(array_in<float>(json.at("features").get<std::string>()));
  Origins origins{.features = json.at("feature_origins").get<std::vector<double>>(),
                  .target = json.at("target_origin").get<double>()};
  if (json.contains("targets")) {
    return std::make_shared<Table>(size, std::move(shape), std::move(features),
                                   array_in<float>(json.at("targets").get<std::string>()),
                                   std::move(origins));
  }
  return std::make_shared<Table>(size, std::move(shape), std::move(features),
                                 array_in<std::int64_t>(json.at("labels").get<std::string>()),
                                 json.at("class_names").get<std::vector<std::string>>(),
                                 std::move(origins));
}

Json to_message(const RunStart& start) {
  return {{"engine", start.engine},
          {"workers", start.workers},
          {"train_samples", start.train_samples},
          {"test_samples", start.test_samples},
          {"validation_samples", start.validation_samples},
          {"features", start.features},
          {"outputs", start.outputs},
          {"parameters", start.parameters},
          {"epochs", start.epochs},
          {"steps_per_epoch", start.steps_per_epoch},
          {"classification", start.classification},
          {"data", to_json(start.data)}};
}

RunStart start_from(const Json& json) {
  return {.engine = json.at("engine").get<std::string>(),
          .workers = json.at("workers").get<int>(),
          .train_samples = json.at("train_samples").get<std::int64_t>(),
          .test_samples = json.at("test_samples").get<std::int64_t>(),
          .validation_samples = json.at("validation_samples").get<std::int64_t>(),
          .features = json.at("features").get<std::int64_t>(),
          .outputs = json.at("outputs").get<std::int64_t>(),
          .parameters = json.at("parameters").get<std::int64_t>(),
          .epochs = json.at("epochs").get<std::int64_t>(),
          .steps_per_epoch = json.at("steps_per_epoch").get<std::int64_t>(),
          .classification = json.at("classification").get<bool>(),
          .data = data_summary_from_json(json.at("data").get<std::string>(), "worker 0")};
}

/// Worker 0's end of the socket. Each message is a line of JSON. The caller replies to the message
/// of an epoch.
class RemoteProgress final : public Progress {
 public:
  /// Ends the line at which an earlier worker 0 was killed.
  explicit RemoteProgress(int socket) : socket_(socket) { send_text("\n"); }

  void started(const RunStart& start) override { send({{"started", to_message(start)}}); }
  void step_done(const StepResult& step) override {
    send({{"steps", step.steps}, {"step_epoch", step.epoch}, {"loss", step.loss}});
  }
  void epoch_done(const EpochResult& epoch) override {
    send({{"epoch", to_json(epoch)}, {"process", getpid()}});
    Reply reply{};
    while (reply.process != getpid()) {
      const ssize_t count = ::recv(socket_, &reply, sizeof(reply), MSG_WAITALL);
      if (count != sizeof(reply) && !(count < 0 && errno == EINTR)) {
        return;  // as in send
      }
    }
    stop_ = reply.stop != 0;
  }
  bool wants_stop() override { return stop_; }

 private:
  void send(const Json& message) const { send_text(message.dump() + "\n"); }
  void send_text(const std::string& line) const {
    std::size_t done = 0;
    while (done < line.size()) {
      const ssize_t count = ::send(socket_, line.data() + done, line.size() - done, MSG_NOSIGNAL);
      if (count < 0 && errno != EINTR) {
        return;  // the caller has ended, and this process is about to be killed
      }
      done += count > 0 ? static_cast<std::size_t>(count) : 0;
    }
  }

  int socket_;
  bool stop_ = false;
};

/// The options that a worker gets. It opens streamed samples itself, as they were opened here.
RunOptions options_for_worker(const RunOptions& options, const LoadedData& data) {
  RunOptions sent = options;
  if (options.data.samples.stream) {
    sent.data.path = data.source.data;
    sent.data.test_path = data.source.test_data;
    sent.data.val_path = data.source.validation_data;
    sent.data.task = data.source.task;
    sent.data.table = data.source.table;
    sent.data.samples.index = data.source.index;
  }
  return sent;
}

}  // namespace

class WorkerJob::Impl {
 public:
  Impl(const RunOptions& options, const LoadedData& data, Progress& progress)
      : progress_(progress) {
    std::array<int, 2> ends{};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0 ||
        !move_above_standard(ends)) {
      throw Error(str("[launch] expected a socket for the workers' progress, found \"",
                      std::strerror(errno), "\". Close some files."));
    }
    ours_ = ends[0];
    theirs_ = ends[1];
    ::fcntl(theirs_, F_SETFD, 0);  // the workers inherit it
    const Json job{{"options", to_json(options_for_worker(options, data))},
                   {"train", share_table(data.train.get(), segments_)},
                   {"test", share_table(data.test.get(), segments_)},
                   {"validation", share_table(data.validation.get(), segments_)},
                   {"columns", to_json(ModelCard{.columns = data.columns})},
                   {"summary", to_json(data.summary)},
                   {"progress", theirs_}};
    const std::string text = job.dump(-1, ' ', false, Json::error_handler_t::replace);
    segments_.push_back(copy_of(text.data(), static_cast<std::int64_t>(text.size())));
    setenv(kJobVariable, handle_text(segments_.back().handle()).c_str(), 1);
    reader_ = std::thread([this] { read_messages(); });
  }

  ~Impl() {
    unsetenv(kJobVariable);
    join();
    ::close(ours_);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void finish() {
    join();
    if (error_) {
      std::rethrow_exception(error_);
    }
  }

 private:
  /// The reader ends once this process and all workers have closed their ends.
  void join() {
    if (theirs_ >= 0) {
      ::close(std::exchange(theirs_, -1));
    }
    if (reader_.joinable()) {
      reader_.join();
    }
  }

  void read_messages() {
    std::string pending;
    std::array<char, 4096> piece{};
    while (true) {
      const ssize_t count = ::read(ours_, piece.data(), piece.size());
      if (count < 0 && errno == EINTR) {
        continue;
      }
      if (count <= 0) {
        return;
      }
      pending.append(piece.data(), static_cast<std::size_t>(count));
      for (std::size_t end = pending.find('\n'); end != std::string::npos;
           end = pending.find('\n')) {
        const Json message = Json::parse(pending.substr(0, end), nullptr, false);
        pending.erase(0, end + 1);
        if (!message.is_discarded()) {  // the line of a worker 0 that was killed
          tell(message);
        }
      }
    }
  }

  void tell(const Json& message) noexcept {
    bool stop = error_ != nullptr;
    std::int32_t process = 0;  // of the worker 0 that waits for a reply; 0: none does
    try {
      process = message.value("process", 0);
      if (stop) {
        // progress_ has thrown: finish() rethrows that, and progress_ gets no more calls.
      } else if (message.contains("started")) {
        progress_.started(start_from(message.at("started")));
      } else if (message.contains("steps")) {
        progress_.step_done({.steps = message.at("steps").get<std::int64_t>(),
                             .epoch = message.at("step_epoch").get<std::int64_t>(),
                             .loss = message.at("loss").is_null()
                                         ? std::numeric_limits<double>::quiet_NaN()
                                         : message.at("loss").get<double>()});
      } else {
        const std::string line = message.at("epoch").get<std::string>() + "\n";
        progress_.epoch_done(epochs_from_json_lines(line, "worker 0").front());
        stop = progress_.wants_stop();
      }
    } catch (...) {
      error_ = std::current_exception();
      stop = true;
    }
    if (process != 0) {
      const Reply reply{process, stop ? 1 : 0};
      static_cast<void>(::send(ours_, &reply, sizeof(reply), MSG_NOSIGNAL));
    }
  }

  Progress& progress_;
  std::vector<Segment> segments_;
  int ours_ = -1;
  int theirs_ = -1;
  std::thread reader_;
  std::exception_ptr error_;  // written by the reader, read by others after they have joined it
};

WorkerJob::WorkerJob(const RunOptions& options, const LoadedData& data, Progress& progress)
    : impl_(std::make_unique<Impl>(options, data, progress)) {}
WorkerJob::~WorkerJob() = default;

void WorkerJob::finish() {
  impl_->finish();
}

void run_worker_job(const JobFunction& work) {
  const char* variable = std::getenv(kJobVariable);
  if (variable == nullptr || !is_relaunched_worker()) {
    throw Error(str("[launch] ", kJobVariable,
                    ": expected a process that dga has started as a worker, ",
                    "found another. Call dga's functions instead of starting this program."));
  }
  const Segment text = attach_to(variable);
  const Json job = Json::parse(std::string_view(reinterpret_cast<const char*>(text.data()),
                                                static_cast<std::size_t>(text.bytes())));
  const RunOptions options =
      run_options_from_json(job.at("options").get<std::string>(), "the worker's job");
  const ModelCard card = model_card_from_json(job.at("columns").get<std::string>(), kJobVariable);
  const LoadedData shared{
      .train = attach_table(job.at("train")),
      .test = attach_table(job.at("test")),
      .validation = attach_table(job.at("validation")),
      .columns = card.columns,
      .summary = data_summary_from_json(job.at("summary").get<std::string>(), kJobVariable)};
  const LoadedData data =
      options.data.samples.stream ? load_data(load_options_of(options, Engine::processes)) : shared;
  const StopSignal stop;
  RemoteProgress progress(job.at("progress").get<int>());
  work(options, data, progress);
}

}  // namespace dga
