// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/table/padded_labels.h"

#include <algorithm>

#include "dga/base/error.h"
#include "dga/data/formats/table/reading.h"
#include "dga/data/formats/table/value.h"

namespace dga {
namespace {

std::string_view without_spaces_around(std::string_view text) noexcept {
  const std::size_t first = std::min(text.find_first_not_of(" \t"), text.size());
  text.remove_prefix(first);
  return text.substr(0, text.find_last_not_of(" \t") + 1);
}

struct Form {
  std::string text = {};
  std::int64_t samples = 0;
};

}  // namespace

void PaddedLabels::add(std::string_view label) {
  label = without_spaces_around(label);
  if (has_leading_zeros(label)) {
    ++counts_[std::string(label)];
  }
}

std::string explain_padded_labels(const TableReading& reading) {
  std::map<std::string, std::int64_t> counts;
  for (const TableReading::Codes& codes : reading.codes) {
    for (const auto& [text, count] : codes.padded.counts()) {
      counts[text] += count;
    }
  }
  std::map<std::int64_t, Form> forms;  // by integer
  const auto two_forms = [](const std::string& one, const std::string& other) {
    return str("expected each label in one form, found \"", printable(one), "\" and \"",
               printable(other), "\", which are the same integer");
  };
  for (const auto& [text, count] : counts) {
    std::int64_t label = 0;
    parse_number(text, reading.layouts.front().decimal, label);
    const auto [form, is_new] = forms.emplace(label, Form{text, count});
    if (!is_new) {
      return two_forms(form->second.text, text);
    }
  }
  std::map<std::int64_t, std::int64_t> samples;
  for (std::int64_t i = 0; !forms.empty() && i < reading.samples.count; ++i) {
    const std::int64_t label = reading.samples.labels[i];
    if (const auto form = forms.find(label);
        form != forms.end() && ++samples[label] > form->second.samples) {
      return two_forms(form->second.text, std::to_string(label));
    }
  }
  return "";
}

}  // namespace dga
