// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/table/categories.h"

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <utility>

#include "dga/base/error.h"
#include "dga/base/one_line.h"
#include "dga/data/aligned.h"
#include "dga/data/formats/table/value.h"

namespace dga {
namespace {

/// Throws if some labels are numbers and others are not: one of them may be a mistake.
void refuse_mixed_labels(const TableReading& reading) {
  const auto numeric = [&](const std::string& text) {
    return is_number(text, mark_of(reading.options.table.decimal));
  };
  std::optional<bool> first;
  for_each_sample(reading, [&](std::int64_t sample, std::size_t codes) {
    const std::string& text =
        reading.codes[codes]
            .label_texts.texts()[static_cast<std::size_t>(reading.samples.labels[sample])];
    if (first && numeric(text) != *first) {
      throw DataError(
          str(reading.samples.place(sample), ": expected ", *first ? "an integer" : "a text",
              " as label like those before it, found \"", printable(text), "\". ", kMixedLabels));
    }
    first = numeric(text);
  });
}

/// Whether a text is rather a number than the name of a class: "0,5", "1,000.50", "5%", "$3.99".
bool looks_like_a_number(std::string_view text) {
  const auto strip = [&](std::initializer_list<std::string_view> marks) {
    for (const std::string_view mark : marks) {
      if (text.starts_with(mark)) {
        text.remove_prefix(mark.size());
      }
      if (text.ends_with(mark)) {
        text.remove_suffix(mark.size());
      }
    }
  };
  strip({" ", "%", "$", "€", "£", " ", "-", "+"});
  std::size_t digits = 0;  // since the last mark
  bool grouped = true;     // all parts but the first have three digits
  std::size_t parts = 1;
  for (const char c : text) {
    if (c >= '0' && c <= '9') {
      ++digits;
    } else if ((c == ',' || c == '.' || c == '\'' || c == ' ') && digits > 0) {
      grouped = grouped && (parts == 1 || digits == 3);
      digits = 0;
      ++parts;
    } else {
      return false;
    }
  }
  return digits > 0 && (parts <= 2 || grouped);
}

/// Throws if all labels look like numbers that were not read as such.
void refuse_numbers_as_classes(const TableReading& reading) {
  const std::vector<std::string>& texts = reading.samples.label_texts;
  if (std::all_of(texts.begin(), texts.end(), looks_like_a_number)) {
    const bool comma = is_number(texts.front(), ',');
    throw DataError(str(
        reading.files.front()->name(), ": expected labels that are integers or names of classes, ",
        "found \"", printable(texts.front()), "\". ",
        comma ? "Numbers with a decimal comma need --decimal ,. Otherwise write plain numbers"
              : "Write plain numbers",
        ", or take the labels as texts with --task classification."));
  }
}

/// Finds the categories of a training set.
void find_categories(TableReading& reading) {
  for (std::int64_t f = 0; f < reading.width; ++f) {
    Column& column = reading.column_of(f);
    if (column.use != ColumnUse::category) {
      continue;
    }
    std::vector<const TextCodes*> parts;
    for (const TableReading::Codes& codes : reading.codes) {
      parts.push_back(&codes.texts[static_cast<std::size_t>(f)]);
    }
    column.categories = all_texts(parts);
    const auto bad = std::find_if_not(column.categories.begin(), column.categories.end(),
                                      [](const std::string& text) { return is_utf8(text); });
    if (bad != column.categories.end()) {
      throw DataError(str(reading.files.front()->name(), ": expected texts in UTF-8 in ",
                          reading.name_of_feature(f), ", found \"", one_line(*bad),
                          "\". Save the file as UTF-8."));
    }
    if (column.categories.size() > kMostCategories) {
      throw DataError(str(reading.files.front()->name(), ": expected at most ", kMostCategories,
                          " different texts in ", reading.name_of_feature(f), ", found ",
                          column.categories.size(), ". Leave the column out with --drop."));
    }
  }
}

/// By feature and code: the position among the categories, or -1. Empty for features that are
/// numbers.
using CategoryPositions = std::vector<std::vector<std::int64_t>>;

CategoryPositions positions_of(const TableReading& reading, const TableReading::Codes& codes) {
  CategoryPositions positions(static_cast<std::size_t>(reading.width));
  for (std::int64_t f = 0; f < reading.width; ++f) {
    const auto feature = static_cast<std::size_t>(f);
    if (reading.column_of(f).use == ColumnUse::category) {
      positions[feature] = positions_in(reading.column_of(f).categories, codes.texts[feature]);
    }
  }
  return positions;
}

/// Throws for the first sample with a text that the training set lacks, if there is one.
void refuse_unknown_categories(TableReading& reading,
                               const std::vector<CategoryPositions>& positions) {
  const auto has_unknown = [](const CategoryPositions& of_codes) {
    return std::any_of(of_codes.begin(), of_codes.end(), [](const auto& of_feature) {
      return std::find(of_feature.begin(), of_feature.end(), -1) != of_feature.end();
    });
  };
  if (std::none_of(positions.begin(), positions.end(), has_unknown)) {
    return;
  }
  reading.parser.rows(
      reading, [&](std::int64_t sample, const float* codes, const std::vector<TextCodes>& texts) {
        for (std::int64_t f = 0; f < reading.width; ++f) {
          const Column& column = reading.column_of(f);
          if (column.use != ColumnUse::category) {
            continue;
          }
          const std::string& text =
              texts[static_cast<std::size_t>(f)].texts()[static_cast<std::size_t>(codes[f])];
          if (!std::binary_search(column.categories.begin(), column.categories.end(), text)) {
            throw DataError(str(reading.samples.place(sample),
                                ": expected a text of the training set in ",
                                reading.name_of_feature(f), ", found \"", printable(text),
                                "\". Remove the sample, or train on samples like it."));
          }
        }
      });
}

/// Moves the origins from the columns to their places in an encoded sample.
void encode_origins(Origins& origins, const std::vector<std::int64_t>& offsets) {
  if (origins.features.empty()) {
    return;
  }
  std::vector<double> encoded(static_cast<std::size_t>(offsets.back()));
  for (std::size_t f = 0; f < origins.features.size(); ++f) {
    if (origins.features[f] != 0) {
      encoded[static_cast<std::size_t>(offsets[f])] = origins.features[f];
    }
  }
  origins.features = std::move(encoded);
}

}  // namespace

void encode_row(const float* columns, const std::vector<std::vector<std::int64_t>>& positions,
                const std::vector<std::int64_t>& offsets, float* encoded) {
  for (std::size_t f = 0; f < positions.size(); ++f) {
    if (positions[f].empty()) {
      encoded[offsets[f]] = columns[f];
    } else {
      encoded[offsets[f] + positions[f][static_cast<std::size_t>(columns[f])]] = 1;
    }
  }
}

void number_labels(TableReading& reading) {
  std::vector<const TextCodes*> parts;
  parts.reserve(reading.codes.size());
  for (const TableReading::Codes& codes : reading.codes) {
    parts.push_back(&codes.label_texts);
  }
  reading.samples.label_texts = all_texts(parts);
  for (const std::string& text : reading.samples.label_texts) {
    if (!is_utf8(text)) {
      throw DataError(str(reading.files.front()->name(), ": expected labels in UTF-8, found \"",
                          one_line(text), "\". Save the file as UTF-8."));
    }
  }
  if (reading.options.task == Task::automatic && reading.options.columns == nullptr) {
    refuse_mixed_labels(reading);
    refuse_numbers_as_classes(reading);
  }
  std::vector<std::vector<std::int64_t>> positions;  // by Codes and code
  positions.reserve(parts.size());
  for (const TextCodes* part : parts) {
    positions.push_back(positions_in(reading.samples.label_texts, *part));
  }
  for_each_sample(reading, [&](std::int64_t sample, std::size_t codes) {
    std::int64_t& label = reading.samples.labels[sample];
    label = positions[codes][static_cast<std::size_t>(label)];
  });
}

void encode_categories(TableReading& reading) {
  if (reading.options.columns == nullptr) {
    find_categories(reading);
  }
  std::vector<CategoryPositions> positions;  // by Codes
  positions.reserve(reading.codes.size());
  for (const TableReading::Codes& codes : reading.codes) {
    positions.push_back(positions_of(reading, codes));
  }
  refuse_unknown_categories(reading, positions);
  const std::vector<std::int64_t> offsets = reading.encoded_offsets();
  const std::int64_t width = offsets.back();
  encode_origins(reading.samples.origins, offsets);
  reading.samples.shape = {width};
  if (reading.options.in_place) {
    return;
  }
  auto encoded = allocate_aligned<float>(reading.samples.count * width);
  std::fill_n(encoded.get(), reading.samples.count * width, 0.0F);
  for_each_sample(reading, [&](std::int64_t sample, std::size_t codes) {
    encode_row(reading.samples.features.get() + sample * reading.width, positions[codes], offsets,
               encoded.get() + sample * width);
  });
  reading.samples.features = std::move(encoded);
}

}  // namespace dga
