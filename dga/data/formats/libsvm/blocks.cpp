// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/libsvm/blocks.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "dga/data/formats/libsvm/line.h"

namespace dga {
namespace {

/// What is known about the features after the first reading.
struct LibsvmPlan {
  std::int64_t first_index = 1;
  std::vector<double> origins = {};  // by feature
  std::vector<float> zeros = {};     // a sample without values, minus the origins
  Task task = Task::automatic;
};

class LibsvmParser final : public TextParser {
 public:
  explicit LibsvmParser(std::shared_ptr<const LibsvmPlan> plan)
      : plan_(std::move(plan)), line_(plan_->task, /*labelled=*/true) {}

  bool parse(std::size_t /*file*/, std::span<const char> text, std::int64_t skip, std::int64_t take,
             float* values) override {
    std::string_view rest(text.data(), text.size());
    while (take > 0) {
      if (rest.empty()) {
        return false;
      }
      const std::size_t end = rest.find('\n');
      const std::string_view line = rest.substr(0, end);
      rest.remove_prefix(end + 1);
      try {
        if (!line_.parse(line)) {
          continue;
        }
      } catch (const LibsvmFault&) {
        return false;
      }
      if (skip > 0) {
        --skip;
        continue;
      }
      if (!write(values)) {
        return false;
      }
      values += plan_->zeros.size();
      --take;
    }
    return true;
  }

 private:
  /// Whether all indices are known.
  bool write(float* values) const {
    std::copy(plan_->zeros.begin(), plan_->zeros.end(), values);
    for (std::size_t i = 0; i < line_.indices().size(); ++i) {
      const std::int64_t feature = line_.indices()[i] - plan_->first_index;
      if (feature < 0 || feature >= std::ssize(plan_->zeros)) {
        return false;
      }
      values[feature] =
          static_cast<float>(line_.values()[i] - plan_->origins[static_cast<std::size_t>(feature)]);
    }
    return true;
  }

  std::shared_ptr<const LibsvmPlan> plan_;
  LibsvmLine line_;
};

}  // namespace

std::shared_ptr<const BlockReader> libsvm_blocks(std::vector<SourcePtr> files,
                                                 std::vector<TextMark> marks,
                                                 const Samples& samples, std::int64_t first_index,
                                                 Task task) {
  const std::int64_t width = width_of(samples);
  auto plan = std::make_shared<LibsvmPlan>();
  plan->first_index = first_index;
  plan->task = task;
  plan->origins = samples.origins.features;
  plan->origins.resize(static_cast<std::size_t>(width));
  std::transform(plan->origins.begin(), plan->origins.end(), std::back_inserter(plan->zeros),
                 [](double origin) { return static_cast<float>(0.0 - origin); });
  TextFiles text{.files = std::move(files),
                 .marks = std::move(marks),
                 .samples = samples.count,
                 .width = width};
  for (const SourcePtr& file : text.files) {
    text.ends.push_back(file->size());
  }
  return std::make_shared<TextBlocks>(std::move(text),
                                      [plan] { return std::make_unique<LibsvmParser>(plan); });
}

}  // namespace dga
