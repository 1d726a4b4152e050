// SPDX-License-Identifier: Apache-2.0

#include "dga/parallel/module_tensors.h"

#include <ATen/MemoryOverlap.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/view_as_real.h>
#include <torch/nn/module.h>
#include <torch/nn/modules/embedding.h>

#include <cstring>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "dga/base/error.h"
#include "dga/comm/sum_over_workers.h"
#include "dga/mesh/parameter_layout.h"
#include "dga/parallel/torch_types.h"

namespace dga {
namespace {

std::string shape_text(const at::Tensor& tensor) {
  // Values are sent as bytes, so the strides must agree as well.
  return dga::str(tensor.scalar_type(), " ", tensor.sizes(),
                  tensor.is_contiguous() ? "" : dga::str(" with strides ", tensor.strides()));
}

void check_trained(const NamedTensor& parameter) {
  const at::Tensor& tensor = parameter.tensor;
  DGA_CHECK(tensor.device().is_cpu() && tensor.layout() == at::kStrided, "[parallel] parameter '",
            parameter.name, "': expected a dense tensor on the CPU, found ", tensor.layout(),
            " on ", tensor.device(), ". Move the module to the CPU first.");
  DGA_CHECK(
      tensor.is_leaf(), "[parallel] parameter '", parameter.name,
      "': expected a leaf of the graph, found the result of an operation. Register a detached "
      "tensor.");
  const std::optional<DType> type = dtype_of(tensor.scalar_type());
  DGA_CHECK(type && at::isFloatingType(tensor.scalar_type()), "[parallel] parameter '",
            parameter.name, "': expected Float, Double, Half or BFloat16, found ",
            tensor.scalar_type(), ". Convert it, or switch off its requires_grad.");
}

/// The values of such a tensor cannot be set one by one.
void check_expanded(const NamedTensor& item, const char* kind) {
  DGA_CHECK(at::has_internal_overlap(item.tensor) != at::MemOverlap::Yes, "[parallel] ", kind, " '",
            item.name,
            "': expected memory of its own for each element, found a tensor that was expanded. "
            "Register expanded.contiguous().");
}

/// Puts parameters that have the memory of an earlier one into its `tied`. `others` are not
/// trained.
void find_ties(std::vector<NamedTensor>& trained, const std::vector<NamedTensor>& others) {
  std::multimap<const void*, const NamedTensor*> by_storage;
  std::vector<NamedTensor> kept;
  kept.reserve(trained.size());  // its elements must not move
  const auto storage_of = [](const NamedTensor& item) -> const void* {
    return item.tensor.has_storage() ? item.tensor.storage().unsafeGetStorageImpl() : nullptr;
  };
  const auto refuse = [](const NamedTensor& one, const NamedTensor& other) {
    throw InvalidArgument(
        dga::str("[parallel] parameter '", one.name,
                 "': expected memory of its own, or all of that of one other parameter, found that "
                 "it shares some with '",
                 other.name, "'. Give it a copy, or register one tensor under both names."));
  };
  for (NamedTensor& parameter : trained) {
    NamedTensor* tie = nullptr;
    const auto [begin, end] = by_storage.equal_range(storage_of(parameter));
    for (auto at = begin; at != end; ++at) {
      const auto* other = at->second;
      const auto overlap = at::get_overlap_status(parameter.tensor, other->tensor);
      if (overlap == at::MemOverlapStatus::Full &&
          parameter.tensor.sizes() == other->tensor.sizes() &&
          parameter.tensor.strides() == other->tensor.strides() &&
          parameter.tensor.scalar_type() == other->tensor.scalar_type()) {
        tie = &kept[static_cast<std::size_t>(other - kept.data())];
      } else if (overlap == at::MemOverlapStatus::Full ||
                 overlap == at::MemOverlapStatus::Partial) {
        refuse(parameter, *other);
      }
    }
    if (tie != nullptr) {
      tie->tied.push_back(parameter.tensor);
      tie->sparse = tie->sparse || parameter.sparse;
    } else {
      kept.push_back(std::move(parameter));
      by_storage.emplace(storage_of(kept.back()), &kept.back());
    }
  }
  for (const NamedTensor& other : others) {
    const auto [begin, end] = by_storage.equal_range(storage_of(other));
    for (auto at = begin; at != end; ++at) {
      const auto overlap = at::get_overlap_status(at->second->tensor, other.tensor);
      if (overlap == at::MemOverlapStatus::Full || overlap == at::MemOverlapStatus::Partial) {
        refuse(*at->second, other);
      }
    }
  }
  trained = std::move(kept);
}

/// The tables of `module` itself and of the modules in it whose gradients are sparse.
std::set<const void*> sparse_tables(const torch::nn::Module& module) {
  std::set<const void*> tables;
  const auto look_at = [&](const torch::nn::Module& part) {
    if (const auto* table = part.as<torch::nn::EmbeddingImpl>()) {
      if (table->options.sparse()) {
        tables.insert(table->weight.unsafeGetTensorImpl());
      }
    } else if (const auto* bag = part.as<torch::nn::EmbeddingBagImpl>()) {
      if (bag->options.sparse()) {
        tables.insert(bag->weight.unsafeGetTensorImpl());
      }
    }
  };
  look_at(module);
  for (const auto& part : module.modules(/*include_self=*/false)) {
    look_at(*part);
  }
  return tables;
}

bool is_new(const at::Tensor& tensor, std::set<const void*>& seen) {
  return tensor.defined() && seen.insert(tensor.unsafeGetTensorImpl()).second;
}

std::vector<std::string> lines_of_kind(const std::vector<NamedTensor>& tensors, const char* kind) {
  std::vector<std::string> lines;
  lines.reserve(tensors.size());
  for (const NamedTensor& item : tensors) {
    lines.push_back(dga::str(kind, " ", item.name, " ", shape_text(item.tensor),
                             item.tied.empty() ? "" : " with tied tensors",
                             item.sparse ? " with sparse gradients" : ""));
  }
  return lines;
}

/// The real and imaginary parts of a complex tensor, as a view. A mean may be taken of the
/// conjugates that a tensor with torch's conjugate bit holds.
at::Tensor parts_of(const at::Tensor& tensor) {
  const at::Tensor values = tensor.detach();
  return at::view_as_real(values.is_conj() ? values.conj() : values);
}

/// Calls floating(tensor) or whole(tensor) for each of `tensors`.
template <typename Floating, typename Whole>
void for_each_kind(const std::vector<at::Tensor>& tensors, Floating&& floating, Whole&& whole) {
  for (const at::Tensor& tensor : tensors) {
    if (tensor.is_floating_point()) {
      floating(tensor);
    } else if (tensor.is_complex()) {
      floating(parts_of(tensor));
    } else {
      whole(tensor);
    }
  }
}

/// Keeps the larger of each two numbers, or one that is a NaN, as ReduceOp::max does.
template <typename T>
void take_larger(std::vector<T>& largest, const std::vector<T>& others) {
  if (largest.empty()) {
    largest = others;
    return;
  }
  for (std::size_t i = 0; i < others.size(); ++i) {
    const bool keeps = largest[i] > others[i] || largest[i] != largest[i];
    largest[i] = keeps ? largest[i] : others[i];
  }
}

at::Tensor make_view(const SharedBuffer& memory, std::byte* data, at::IntArrayRef sizes,
                     at::IntArrayRef strides, at::ScalarType type) {
  return at::for_blob(data, sizes)
      .strides(strides)
      .deleter([memory](void*) {})
      .options(at::TensorOptions(type))
      .make_tensor();
}

}  // namespace

ModuleTensors::ModuleTensors(const torch::nn::Module& module) {
  std::set<const void*> seen;
  const std::set<const void*> sparse = sparse_tables(module);
  for (const auto& item : module.named_parameters()) {
    if (!is_new(item.value(), seen)) {
      continue;
    }
    if (item.value().requires_grad()) {
      trained.push_back({item.key(), item.value()});
      check_trained(trained.back());
      trained.back().sparse = sparse.contains(item.value().unsafeGetTensorImpl());
    } else {
      frozen.push_back({item.key(), item.value()});
      check_expanded(frozen.back(), "frozen parameter");
    }
  }
  buffers = buffers_of(module);
  std::vector<NamedTensor> others = frozen;
  others.insert(others.end(), buffers.begin(), buffers.end());
  find_ties(trained, others);
}

std::vector<std::string> ModuleTensors::lines() const {
  std::vector<std::string> lines = lines_of_kind(trained, "parameter");
  for (const auto& more : {lines_of_kind(frozen, "frozen parameter"), lines_of(buffers)}) {
    lines.insert(lines.end(), more.begin(), more.end());
  }
  return lines;
}

std::vector<NamedTensor> all_tensors_of(const torch::nn::Module& module) {
  ModuleTensors tensors(module);
  std::vector<NamedTensor> all = std::move(tensors.trained);
  all.insert(all.end(), tensors.frozen.begin(), tensors.frozen.end());
  all.insert(all.end(), tensors.buffers.begin(), tensors.buffers.end());
  return all;
}

std::vector<NamedTensor> buffers_of(const torch::nn::Module& module) {
  std::set<const void*> seen;
  for (const at::Tensor& parameter : module.parameters()) {
    seen.insert(parameter.unsafeGetTensorImpl());
  }
  std::vector<NamedTensor> buffers;
  for (const auto& item : module.named_buffers()) {
    if (is_new(item.value(), seen)) {
      buffers.push_back({item.key(), item.value()});
      check_expanded(buffers.back(), "buffer");
    }
  }
  return buffers;
}

std::vector<std::string> lines_of(const std::vector<NamedTensor>& buffers) {
  return lines_of_kind(buffers, "buffer");
}

void broadcast_tensors(const Communicator& workers, const std::vector<NamedTensor>& tensors) {
  const at::NoGradGuard no_grad;
  for (const NamedTensor& item : tensors) {
    at::Tensor values = item.tensor.detach().contiguous();
    const auto bytes = static_cast<std::int64_t>(values.nbytes());
    if (bytes == 0) {
      continue;
    }
    workers.broadcast({values.data_ptr(), bytes, DType::u8}, 0, item.name);
    if (!values.is_same(item.tensor) && values.data_ptr() != item.tensor.data_ptr()) {
      item.tensor.detach().copy_(values);
    }
  }
}

std::vector<at::Tensor> values_of(const std::vector<NamedTensor>& tensors) {
  std::vector<at::Tensor> values;
  values.reserve(tensors.size());
  for (const NamedTensor& item : tensors) {
    values.push_back(item.tensor);
  }
  return values;
}

void average_tensors(const Communicator& carriers, const WorkerBlocks& blocks,
                     const std::vector<WeightedTensors>& own) {
  const at::NoGradGuard no_grad;
  // Sums of [values..., weight] of each worker; maxima of [values..., -values...] and of whole
  // numbers over all of them.
  std::vector<double> sums;
  std::vector<double> bounds;
  std::vector<std::int64_t> maxima;
  for (const WeightedTensors& worker : own) {
    std::vector<double> their_bounds;
    std::vector<std::int64_t> their_maxima;
    for_each_kind(
        worker.tensors,
        [&](const at::Tensor& tensor) {
          const at::Tensor values = tensor.detach().to(at::kDouble).contiguous();
          const auto* first = values.const_data_ptr<double>();
          for (std::int64_t i = 0; i < values.numel(); ++i) {
            sums.push_back(worker.weight > 0 ? first[i] * static_cast<double>(worker.weight) : 0.0);
            their_bounds.push_back(first[i]);
            their_bounds.push_back(-first[i]);
          }
        },
        [&](const at::Tensor& tensor) {
          const at::Tensor values = tensor.detach().to(at::kLong).contiguous();
          const auto* first = values.const_data_ptr<std::int64_t>();
          their_maxima.insert(their_maxima.end(), first, first + values.numel());
        });
    sums.push_back(static_cast<double>(worker.weight));
    take_larger(bounds, their_bounds);
    take_larger(maxima, their_maxima);
  }
  sums = sum_over_workers(carriers, blocks, std::move(sums), "running statistics");
  if (!bounds.empty()) {
    carriers.all_reduce({bounds.data(), static_cast<std::int64_t>(bounds.size())}, ReduceOp::max,
                        "bounds of running statistics");
  }
  if (!maxima.empty()) {
    carriers.all_reduce({maxima.data(), static_cast<std::int64_t>(maxima.size())}, ReduceOp::max,
                        "counters");
  }
  const double total = sums.back();
  if (total == 0) {
    return;
  }
  for (const WeightedTensors& worker : own) {
    const double* next_sum = sums.data();
    const double* next_bound = bounds.data();
    const std::int64_t* next_maximum = maxima.data();
    for_each_kind(
        worker.tensors,
        [&](const at::Tensor& tensor) {
          at::Tensor values = at::empty(tensor.sizes(), at::TensorOptions(at::kDouble));
          auto* out = values.mutable_data_ptr<double>();
          for (std::int64_t i = 0; i < values.numel(); ++i, ++next_sum, next_bound += 2) {
            // Values that are equal on all workers stay: the sum could round or overflow.
            out[i] = next_bound[0] == -next_bound[1] ? next_bound[0] : *next_sum / total;
          }
          tensor.detach().copy_(values);
        },
        [&](const at::Tensor& tensor) {
          at::Tensor values = at::empty(tensor.sizes(), at::TensorOptions(at::kLong));
          const auto bytes = values.nbytes();
          if (bytes > 0) {
            std::memcpy(values.mutable_data_ptr<std::int64_t>(), next_maximum, bytes);
          }
          next_maximum += values.numel();
          tensor.detach().copy_(values);
        });
  }
}

at::Tensor view_like(const SharedBuffer& memory, std::byte* data, const at::Tensor& like) {
  return make_view(memory, data, like.sizes(), like.strides(), like.scalar_type());
}

at::Tensor view_flat(const SharedBuffer& memory, std::byte* data, std::int64_t count, DType type) {
  return make_view(memory, data, {count}, {1}, scalar_type_of(type));
}

}  // namespace dga
