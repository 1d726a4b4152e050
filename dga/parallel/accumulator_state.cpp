// SPDX-License-Identifier: Apache-2.0
//
// GradientAccumulator::state and load_state.

#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "dga/base/error.h"
#include "dga/comm/texts.h"
#include "dga/parallel/accumulator_impl.h"
#include "dga/parallel/agreement.h"
#include "dga/parallel/pickled_values.h"

namespace dga {
namespace {

/// A 1-D tensor in the order of `like` in memory as a tensor of its shape.
at::Tensor in_shape_of(const at::Tensor& like, const at::Tensor& elements) {
  return elements.as_strided(like.sizes(), like.strides());
}

/// Puts `part` of the state of a parameter with the shape of `like` into `tensor`.
void put_part(at::Tensor& tensor, const at::Tensor& like, std::int64_t first,
              const at::Tensor& values) {
  if (first < 0) {
    tensor = values;
    return;
  }
  DGA_CHECK(values.dim() == 1 && first + values.numel() <= like.numel(),
            "[parallel] state: expected a part of ", like.numel(), " elements, found elements ",
            first, " to ", first + values.numel(), ".");
  if (!tensor.defined()) {
    tensor = in_shape_of(like, at::zeros({like.numel()}, values.options()));
  }
  tensor.as_strided({like.numel()}, {1}).narrow(0, first, values.numel()).copy_(values);
}

std::string key_of(const std::string& parameter, const std::string& name) {
  return parameter + "/" + name;
}

}  // namespace

AccumulatorState GradientAccumulator::Impl::numbers() const {
  AccumulatorState state;
  state.learning_rates = optimizer_->learning_rates();
  state.num_steps = num_steps_;
  state.num_skipped = num_skipped_;
  state.seed = seed_;
  state.loss_scale = loss_scale();
  state.growth_steps = scaler_ ? scaler_->growth_steps() : 0;
  return state;
}

AccumulatorState GradientAccumulator::Impl::state() {
  require_parameters("state");
  DGA_CHECK(!step_under_way(),
            "[parallel] state: expected it between steps, found it after backward. Call step() "
            "first.");
  std::string mine;
  run_agreed(workers_, [&] {
    std::vector<c10::IValue> parts;
    for (const StatePart& part : optimizer_->state()) {
      parts.insert(parts.end(), {part.parameter, part.name, part.first, part.values});
    }
    if (average_ != nullptr) {
      for (const StatePart& part : average_->parts()) {
        parts.insert(parts.end(), {part.parameter, "", part.first, part.values});
      }
    }
    mine = pickled(parts);
  });
  AccumulatorState state = numbers();
  const at::NoGradGuard no_grad;
  for (const std::string& text : gather_texts(workers_, mine)) {
    const std::vector<c10::IValue> parts = unpickled(text);
    for (std::size_t i = 0; i + 3 < parts.size(); i += 4) {
      const auto number = static_cast<std::size_t>(parts[i].toInt());
      const std::string& parameter = layout_.parameters().at(number).spec.name;
      const std::string& name = parts[i + 1].toStringRef();
      at::Tensor& tensor =
          name.empty() ? state.average[parameter] : state.optimizer[key_of(parameter, name)];
      put_part(tensor, bound_.gradient(number), parts[i + 2].toInt(), parts[i + 3].toTensor());
    }
  }
  gather_buffers(state);
  return state;
}

void GradientAccumulator::Impl::load_state(const AccumulatorState& given) {
  require_parameters("load_state");
  DGA_CHECK(!step_under_way(),
            "[parallel] load_state: expected it between steps, found it after backward. Call "
            "step() first.");
  std::string text;
  run_agreed(workers_, [&] {
    if (workers_.rank() != 0) {
      return;
    }
    std::vector<c10::IValue> values{given.learning_rates,
                                    given.num_steps,
                                    given.num_skipped,
                                    static_cast<std::int64_t>(given.seed),
                                    given.loss_scale,
                                    given.growth_steps,
                                    static_cast<std::int64_t>(given.optimizer.size()),
                                    static_cast<std::int64_t>(given.average.size()),
                                    given.buffer_samples};
    for (const auto* tensors : {&given.optimizer, &given.average, &given.buffers}) {
      for (const auto& [name, tensor] : *tensors) {
        values.insert(values.end(), {name, tensor.detach()});
      }
    }
    text = pickled(values);
  });
  broadcast_text(workers_, text, 0);
  find_buffers();
  std::function<void()> go_on;
  run_agreed(workers_, [&] {
    const std::vector<c10::IValue> values = unpickled(text);
    constexpr std::size_t kNumbers = 9;
    std::map<std::string, int> numbers;
    for (std::size_t i = 0; i < layout_.parameters().size(); ++i) {
      numbers[layout_.parameters()[i].spec.name] = static_cast<int>(i);
    }
    const auto number_of = [&](const std::string& parameter) {
      const auto found = numbers.find(parameter);
      DGA_CHECK(found != numbers.end(), "[parallel] load_state: expected state of the parameters ",
                "of this module, found some of '", parameter, "'.");
      return found->second;
    };
    std::vector<StatePart> states;
    std::vector<StatePart> average;
    AccumulatorState others;
    others.buffer_samples = values[8].toIntVector();
    for (std::size_t i = kNumbers; i + 1 < values.size(); i += 2) {
      const std::string& key = values[i].toStringRef();
      const at::Tensor& tensor = values[i + 1].toTensor();
      const auto place = static_cast<std::int64_t>((i - kNumbers) / 2);
      if (place < values[6].toInt()) {
        const std::size_t slash = key.rfind('/');
        DGA_CHECK(slash != std::string::npos,
                  "[parallel] load_state: expected names such as 'fc1.weight/exp_avg', found '",
                  key, "'.");
        states.push_back({number_of(key.substr(0, slash)), key.substr(slash + 1), -1, tensor});
      } else if (place < values[6].toInt() + values[7].toInt()) {
        average.push_back({number_of(key), "", -1, tensor});
      } else {
        others.buffers.emplace(key, tensor);
      }
    }
    others.learning_rates = values[0].toDoubleVector();
    others.num_steps = values[1].toInt();
    others.num_skipped = values[2].toInt();
    others.seed = static_cast<std::uint64_t>(values[3].toInt());
    others.loss_scale = values[4].toDouble();
    others.growth_steps = values[5].toInt();
    for (StatePart& part : average) {
      const auto number = static_cast<std::size_t>(part.parameter);
      DGA_CHECK(part.values.sizes() == bound_.gradient(number).sizes(),
                "[parallel] load_state: expected the moving average of '",
                layout_.parameters()[number].spec.name, "' in its shape ",
                bound_.gradient(number).sizes(), ", found ", part.values.sizes(), ".");
      part = {part.parameter, "", 0, in_memory_order(part.values, bound_.gradient(number))};
    }
    DGA_CHECK(average_ == nullptr ? average.empty() : average.size() == numbers.size(),
              "[parallel] load_state: expected a moving average of ",
              average_ == nullptr ? 0 : numbers.size(), " parameters, found one of ",
              average.size(), ". Set ema_decay as in the run that was saved.");
    go_on = prepare_state(others, states, average);
  });
  go_on();
}

std::function<void()> GradientAccumulator::Impl::prepare_state(
    const AccumulatorState& numbers, const std::vector<StatePart>& optimizer,
    const std::vector<StatePart>& average) {
  const std::size_t expected_rates = optimizer_->learning_rates().size();
  DGA_CHECK(numbers.learning_rates.size() == expected_rates, "[parallel] load_state: expected ",
            expected_rates, " learning rates, one for each parameter group, found ",
            numbers.learning_rates.size(), ".");
  DGA_CHECK(numbers.num_steps >= 0 && numbers.num_skipped >= 0,
            "[parallel] load_state: expected 0 steps or more, found ", numbers.num_steps, ".");
  std::optional<GradScaler> scaler = scaler_;
  if (scaler) {
    scaler->restore(numbers.loss_scale, numbers.growth_steps);
  }
  std::vector<WorkerBuffers> buffers = buffers_to_load(numbers);
  if (average_ != nullptr) {
    average_->check(average);
  }
  return [this, numbers, average, scaler, buffers = std::move(buffers),
          take_optimizer = optimizer_->prepare_state(optimizer)] {
    take_optimizer();
    optimizer_->set_learning_rates(numbers.learning_rates);
    if (average_ != nullptr) {
      average_->load(average);
    }
    scaler_ = scaler;
    num_steps_ = numbers.num_steps;
    num_skipped_ = numbers.num_skipped;
    workers_.note_steps(num_steps_ + num_skipped_);
    seed_ = numbers.seed;
    set_buffers(buffers);
    random_->reseed(random_key());
  };
}

}  // namespace dga
