// SPDX-License-Identifier: Apache-2.0
//
// The buffers of each worker in GradientAccumulator::state and load_state.

#include <ATen/core/grad_mode.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <utility>

#include "dga/base/error.h"
#include "dga/comm/texts.h"
#include "dga/parallel/accumulator_impl.h"
#include "dga/parallel/pickled_values.h"

namespace dga {
namespace {

bool same_bits(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor x = a.contiguous();
  const at::Tensor y = b.contiguous();
  return x.nbytes() == 0 || (x.nbytes() == y.nbytes() &&
                             std::memcmp(x.const_data_ptr(), y.const_data_ptr(), x.nbytes()) == 0);
}

/// What a worker of another run's size begins with: the mean of the rows for floating-point values,
/// weighted by samples, and the largest of others.
at::Tensor merged(const at::Tensor& rows, const std::vector<std::int64_t>& samples) {
  const std::int64_t total = std::accumulate(samples.begin(), samples.end(), std::int64_t{0});
  if (!rows.is_floating_point() && !rows.is_complex()) {
    return rows.scalar_type() == at::kBool ? rows.any(0) : std::get<0>(rows.max(0));
  }
  if (total == 0) {
    return rows[0];
  }
  at::Tensor sum = at::zeros_like(rows[0], rows.is_complex() ? at::kComplexDouble : at::kDouble);
  for (std::size_t worker = 0; worker < samples.size(); ++worker) {
    sum.add_(rows[static_cast<std::int64_t>(worker)],
             static_cast<double>(samples[worker]) / static_cast<double>(total));
  }
  return sum.to(rows.scalar_type());
}

}  // namespace

void GradientAccumulator::Impl::gather_buffers(AccumulatorState& state) {
  find_buffers();
  if (tensors_.buffers.empty()) {
    return;
  }
  const at::NoGradGuard no_grad;
  std::vector<c10::IValue> mine;
  const auto add = [&](const std::vector<at::Tensor>& values, std::int64_t samples) {
    mine.emplace_back(samples);
    for (const at::Tensor& value : values) {
      mine.emplace_back(value.detach().contiguous());
    }
  };
  if (has_turns()) {
    for (const WorkerBuffers& each : worker_buffers_) {
      add(each.values, each.samples);
    }
  } else {
    add(values_of(tensors_.buffers), buffer_samples_);
  }
  std::vector<std::vector<at::Tensor>> rows(tensors_.buffers.size());  // of all workers
  for (const std::string& text : gather_texts(workers_, pickled(mine))) {
    const std::vector<c10::IValue> values = unpickled(text);
    const std::size_t stride = rows.size() + 1;
    for (std::size_t at = 0; at + stride <= values.size(); at += stride) {
      state.buffer_samples.push_back(values[at].toInt());
      for (std::size_t i = 0; i < rows.size(); ++i) {
        rows[i].push_back(values[at + 1 + i].toTensor());
      }
    }
  }
  const bool all_alike =
      std::all_of(state.buffer_samples.begin(), state.buffer_samples.end(),
                  [](std::int64_t samples) { return samples == 0; }) &&
      std::all_of(rows.begin(), rows.end(), [](const std::vector<at::Tensor>& row) {
        return std::all_of(row.begin(), row.end(),
                           [&](const at::Tensor& value) { return same_bits(value, row.front()); });
      });
  if (all_alike) {  // also on the ranks that receive none
    state.buffer_samples.clear();
    return;
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    state.buffers.emplace(tensors_.buffers[i].name, at::stack(rows[i]));
  }
}

std::vector<GradientAccumulator::Impl::WorkerBuffers> GradientAccumulator::Impl::buffers_to_load(
    const AccumulatorState& state) const {
  std::vector<WorkerBuffers> loaded;
  if (state.buffers.empty()) {
    return loaded;
  }
  const auto workers = static_cast<std::int64_t>(state.buffer_samples.size());
  DGA_CHECK(state.buffers.size() == tensors_.buffers.size() && workers > 0 &&
                std::all_of(state.buffer_samples.begin(), state.buffer_samples.end(),
                            [](std::int64_t samples) { return samples >= 0; }),
            "[parallel] load_state: expected values of ", tensors_.buffers.size(),
            " buffers, and each worker's number of samples, found ", state.buffers.size(),
            " buffers and ", workers, " workers. Use the module of the run that was saved.");
  const WorkerBlock block = blocks_.of(workers_.rank());
  loaded.resize(static_cast<std::size_t>(block.count));
  for (const NamedTensor& own : tensors_.buffers) {
    const auto found = state.buffers.find(own.name);
    std::vector<std::int64_t> shape = own.tensor.sizes().vec();
    shape.insert(shape.begin(), workers);
    DGA_CHECK(
        found != state.buffers.end() && found->second.scalar_type() == own.tensor.scalar_type() &&
            found->second.sizes() == at::IntArrayRef(shape),
        "[parallel] load_state: expected values of the buffer '", own.name, "' with shape ",
        at::IntArrayRef(shape), " and type ", own.tensor.scalar_type(), ", found ",
        found == state.buffers.end()
            ? std::string("none")
            : dga::str("shape ", found->second.sizes(), " and type ", found->second.scalar_type()),
        ". Use the module of the run that was saved.");
    const at::Tensor& rows = found->second;
    const bool each_its_own = workers == blocks_.workers();
    const at::Tensor common = each_its_own ? at::Tensor() : merged(rows, state.buffer_samples);
    for (int i = 0; i < block.count; ++i) {
      WorkerBuffers& worker = loaded[static_cast<std::size_t>(i)];
      worker.values.push_back(each_its_own ? rows[block.first + i] : common);
      worker.samples =
          each_its_own ? state.buffer_samples[static_cast<std::size_t>(block.first + i)] : 0;
    }
  }
  return loaded;
}

void GradientAccumulator::Impl::set_buffers(const std::vector<WorkerBuffers>& loaded) {
  if (loaded.empty()) {
    return;
  }
  if (has_turns()) {
    for (std::size_t i = 0; i < loaded.size(); ++i) {
      load_buffers(loaded[i]);
      save_buffers(worker_buffers_[i]);
      worker_buffers_[i].samples = loaded[i].samples;
    }
  } else {
    buffer_samples_ = loaded.front().samples;
  }
  load_buffers(loaded.front());
}

}  // namespace dga
