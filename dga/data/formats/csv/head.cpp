// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/csv/head.h"

#include <algorithm>
#include <cctype>
#include <deque>
#include <set>
#include <string_view>
#include <utility>

#include "dga/base/error.h"
#include "dga/base/lower_case.h"
#include "dga/base/one_line.h"
#include "dga/data/formats/csv/header.h"
#include "dga/data/formats/table/value.h"

namespace dga {
namespace {

constexpr std::string_view kSeparators = ",;\t";
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr std::size_t kRecords =
    101;  // the header and the hundred records that it is compared with

/// Bytes of a file from an offset on, of which more are read as they are needed.
class Window {
 public:
  Window(const ByteSource& source, std::int64_t begin, std::int64_t end)
      : source_(source), begin_(begin), end_(end) {}

  std::string_view text() const noexcept { return text_; }
  bool whole() const noexcept { return begin_ + std::ssize(text_) == end_; }
  void grow() {
    const auto count = std::min(std::max<std::int64_t>(1 << 16, std::ssize(text_)),
                                end_ - begin_ - std::ssize(text_));
    const std::size_t old = text_.size();
    text_.resize(old + static_cast<std::size_t>(count));
    source_.read(begin_ + static_cast<std::int64_t>(old), std::span(text_).subspan(old));
  }

 private:
  const ByteSource& source_;
  std::int64_t begin_;
  std::int64_t end_;
  std::string text_;
};

/// The first records with one separator.
struct Trial {
  char separator = ',';
  CsvRecords records = {};
  std::vector<std::int64_t> lines = {};  // before each record
  std::vector<std::size_t> starts = {};  // offset of each record
  std::size_t end = 0;                   // offset after the last record
  std::deque<std::string> texts = {};    // of fields with doubled quotes, which `records` refer to

  std::size_t columns() const { return records.front().size(); }
  bool even() const {
    return std::all_of(records.begin(), records.end(),
                       [&](const auto& record) { return record.size() == columns(); });
  }
};

/// The offset at which the samples end, without empty lines, the end of the last line and a Ctrl-Z.
std::int64_t trimmed_end(const ByteSource& source, std::int64_t begin) {
  char buffer[4096];
  std::int64_t end = source.size();
  bool ctrl_z = true;  // only the last one of the file
  while (end > begin) {
    const auto count = std::min<std::int64_t>(sizeof(buffer), end - begin);
    source.read(end - count, std::span(buffer, static_cast<std::size_t>(count)));
    std::int64_t left = count;
    while (left > 0) {
      const char c = buffer[left - 1];
      if (c != '\n' && c != '\r' && !(c == '\x1a' && ctrl_z)) {
        break;
      }
      ctrl_z = ctrl_z && c != '\x1a';
      --left;
    }
    end -= count - left;
    if (left > 0) {
      break;
    }
  }
  return end;
}

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

/// Grows the window to hold a whole line at `offset`, and returns the line without its end.
std::string_view line_at(Window& window, std::size_t offset, const std::string& file,
                         std::int64_t number) {
  while (true) {
    const std::size_t end = window.text().find('\n', offset);
    if (end != std::string_view::npos || window.whole()) {
      std::string_view line = window.text().substr(
          offset, end == std::string_view::npos ? std::string_view::npos : end - offset);
      if (line.ends_with('\r')) {
        line.remove_suffix(1);
      }
      return line;
    }
    if (std::ssize(window.text()) > kLongestCsvRecord) {
      refuse_long_record(file, number);
    }
    window.grow();
  }
}

/// The separator that a first line such as `sep=;` gives, or '\0'.
char given_separator(std::string_view line) {
  if (line.size() >= 2 && line.front() == '"' && line.back() == '"') {
    line = line.substr(1, line.size() - 2);
  }
  constexpr std::string_view kWord = "sep=";
  if (line.size() != kWord.size() + 1 ||
      lower_case(std::string(line.substr(0, kWord.size()))) != kWord) {
    return '\0';
  }
  const char separator = line.back();
  const bool usable = separator != '"' && separator != '\r' &&
                      std::isalnum(static_cast<unsigned char>(separator)) == 0;
  return usable ? separator : '\0';
}

/// Splits the first records. False when a record does not end in the window.
bool split_records(const Window& window, std::int64_t line, Trial& trial) {
  const std::string_view text = window.text();
  trial.records.clear();
  trial.lines.clear();
  trial.starts.clear();
  trial.texts.clear();
  CsvRecord record(trial.separator);
  const char* const end = text.data() + text.size();
  const char* p = text.data();
  while (p != end && trial.records.size() < kRecords) {
    const char* const next = record.split(p, end);
    const bool complete = next != end || *(end - 1) == '\n';
    if (!window.whole() && (!complete || record.fault() == CsvRecord::Fault::open_quote)) {
      return false;
    }
    trial.lines.push_back(line);
    trial.starts.push_back(static_cast<std::size_t>(p - text.data()));
    trial.records.emplace_back(record.fields().begin(), record.fields().end());
    for (CsvField& field : trial.records.back()) {
      if (field.text.data() < p || field.text.data() > end) {  // in the memory of `record`
        field.text = trial.texts.emplace_back(field.text);
      }
    }
    line += std::count(p, next, '\n');
    p = next;
  }
  trial.end = static_cast<std::size_t>(p - text.data());
  return true;
}

/// How many cells of a trial are numbers or missing.
std::size_t count_numbers(const Trial& trial, char decimal) {
  std::size_t count = 0;
  for (const auto& record : trial.records) {
    count += static_cast<std::size_t>(
        std::count_if(record.begin(), record.end(),
                      [&](const CsvField& cell) { return is_number(cell.text, decimal); }));
  }
  return count;
}

/// Whatever is in the part of the file that was read, for errors.
std::string first_line_of(std::string_view text) {
  return printable(text.substr(0, text.find_first_of("\r\n")));
}

[[noreturn]] void refuse_separator(const std::string& file, std::int64_t line,
                                   std::string_view text) {
  throw DataError(str(file, ":", line,
                      ": expected at least 2 fields (features and a label) separated by one of "
                      "comma, semicolon and tab, found \"",
                      first_line_of(text),
                      "\". Write one separator between the fields; numbers with a decimal comma "
                      "need --decimal ,."));
}

/// Whether no separator makes a table of the text, nor may another: few of its lines have digits.
bool is_prose(const std::vector<Trial>& trials, char decimal) {
  const CsvRecords& lines = trials.front().records;
  const auto with_digits = std::count_if(lines.begin(), lines.end(), [](const auto& fields) {
    return std::any_of(fields.begin(), fields.end(), [](const CsvField& field) {
      return field.text.find_first_of("0123456789") != std::string_view::npos;
    });
  });
  return 2 * with_digits < std::ssize(lines) &&
         std::all_of(trials.begin(), trials.end(), [&](const Trial& trial) {
           return (trial.columns() == 1 || !trial.even()) && count_numbers(trial, decimal) == 0;
         });
}

[[noreturn]] void refuse_prose(const std::string& file, std::int64_t line, std::string_view text) {
  throw DataError(str(file, ":", line, ": expected a table, found lines of text as in notes, \"",
                      first_line_of(text), "\". Remove the file, or name the data file itself."));
}

using Score = std::pair<bool, double>;

/// Even records first. Names may contain separators, so then the share of numbers decides.
Score score_of(const Trial& trial, char decimal) {
  std::size_t cells = 0;
  for (const auto& record : trial.records) {
    cells += record.size();
  }
  return {trial.even(),
          static_cast<double>(count_numbers(trial, decimal)) / static_cast<double>(cells)};
}

/// The trial whose records fit best: all of one length, with the most numbers. Null if there is
/// none, or if another fits as well, perhaps with a decimal comma: `1,2;a`.
Trial* best_trial(std::vector<Trial>& trials, char decimal) {
  Trial* best = nullptr;
  bool tied = false;
  Score best_score{};
  for (Trial& trial : trials) {
    if (trial.columns() < 2) {
      continue;
    }
    const Score score = score_of(trial, decimal);
    if (best == nullptr || score > best_score) {
      best = &trial;
      best_score = score;
      tied = false;
    } else if (score == best_score) {
      tied = true;
    }
  }
  for (const Trial& trial : trials) {
    tied = tied || (best != nullptr && best->separator == ',' && &trial != best &&
                    trial.columns() > 1 && trial.even() && score_of(trial, ',') >= best_score);
  }
  return tied ? nullptr : best;
}

}  // namespace

void refuse_long_record(const std::string& file, std::int64_t line) {
  throw DataError(str(file, ":", line, ": expected lines of at most ", kLongestCsvRecord >> 20,
                      " MiB, found a longer one. Is this a CSV file, and does each quote have its "
                      "end?"));
}

namespace {

/// Skips the byte-order mark, empty lines and a line `sep=;`. Returns the separator given, or '\0'.
char skip_preamble(const ByteSource& source, TableHead& head) {
  char start[3] = {};
  if (source.size() >= 3) {
    source.read(0, start);
    if (std::string_view(start, 3) == kByteOrderMark) {
      head.begin = 3;
    }
  }
  head.end = trimmed_end(source, head.begin);
  Window window(source, head.begin, head.end);
  std::size_t offset = 0;
  char separator = '\0';
  while (head.begin + static_cast<std::int64_t>(offset) < head.end) {
    const std::string_view line = line_at(window, offset, source.name(), head.first_line);
    if (separator == '\0' && given_separator(line) != '\0') {
      separator = given_separator(line);
    } else if (!is_blank(line) || line.find('\t') != std::string_view::npos) {
      break;
    }
    offset = std::min(window.text().find('\n', offset), window.text().size() - 1) + 1;
    ++head.first_line;
  }
  head.begin += static_cast<std::int64_t>(offset);
  if (head.begin >= head.end) {
    throw DataError(str(source.name(),
                        ":1: expected samples, found an empty file. Give a file with one sample a "
                        "line."));
  }
  return separator;
}

Trial choose_trial(const ByteSource& source, Window& window, const TableHead& head, char separator,
                   const ReadOptions& options) {
  std::vector<Trial> trials;
  for (const char candidate : separator != '\0' ? std::string_view(&separator, 1) : kSeparators) {
    if (candidate != mark_of(options.table.decimal)) {
      trials.push_back({.separator = candidate});
    }
  }
  window.grow();
  for (Trial& trial : trials) {
    while (!split_records(window, head.first_line, trial)) {
      if (std::ssize(window.text()) > kLongestCsvRecord) {
        refuse_long_record(source.name(), head.first_line);
      }
      window.grow();
    }
  }
  for (Trial& trial : trials) {  // the window has grown meanwhile: its text has moved
    split_records(window, head.first_line, trial);
  }
  const char decimal = mark_of(options.table.decimal);
  const bool one_column = options.features == 1 || separator != '\0';
  if (!one_column && is_prose(trials, decimal)) {
    refuse_prose(source.name(), head.first_line, window.text());
  }
  if (Trial* best = best_trial(trials, decimal)) {
    return std::move(*best);
  }
  const bool single = std::all_of(trials.begin(), trials.end(),
                                  [](const Trial& trial) { return trial.columns() == 1; });
  if (single && one_column) {
    return std::move(trials.front());  // one feature and no label: the lines have no separator
  }
  refuse_separator(source.name(), head.first_line, window.text());
}

std::vector<std::string> header_names(const std::vector<CsvField>& fields, const std::string& file,
                                      std::int64_t line) {
  std::vector<std::string> names;
  names.reserve(fields.size());
  for (const CsvField& field : fields) {
    names.push_back(csv_name(field.text, names.empty()));
  }
  for (const std::string& name : names) {
    if (!is_utf8(name)) {
      throw DataError(str(file, ":", line, ": expected names in UTF-8, found \"",
                          printable(one_line(name)), "\". Save the file as UTF-8."));
    }
  }
  return names;
}

/// Whether a column is named as an index: not at all, or "Unnamed: 0", as pandas calls a column
/// without a name.
bool is_index_name(std::string_view name) {
  constexpr std::string_view kUnnamed = "Unnamed: ";
  return name.empty() ||
         (name.starts_with(kUnnamed) && name.size() > kUnnamed.size() &&
          name.find_first_not_of("0123456789.", kUnnamed.size()) == std::string_view::npos);
}

/// Whether a column has different integers in the records from `first` on.
bool has_different_integers(const Trial& trial, std::size_t first, std::size_t column,
                            char decimal) {
  std::set<std::string_view> different;
  for (std::size_t row = first; row < trial.records.size(); ++row) {
    const auto& record = trial.records[row];
    std::int64_t number = 0;
    if (record.size() == trial.columns() &&
        (parse_number(record[column].text, decimal, number) != NumberError::none ||
         !different.insert(record[column].text).second)) {
      return false;
    }
  }
  return trial.records.size() > first;
}

/// What the first records tell about the columns.
void look_at_columns(const Trial& trial, std::size_t first, char decimal, TableHead& head) {
  const auto columns = static_cast<std::size_t>(head.columns);
  head.text.resize(columns);
  head.text_line.resize(columns);
  head.empty.assign(columns, trial.records.size() > first);
  for (std::size_t row = first; row < trial.records.size(); ++row) {
    const auto& record = trial.records[row];
    if (record.size() != columns || repeats_names(head, record)) {
      continue;
    }
    for (std::size_t c = 0; c < columns; ++c) {
      const bool missing = is_missing(record[c].text);
      head.empty[c] = head.empty[c] && missing;
      if (head.text[c].empty() && !missing && !is_number(record[c].text, decimal)) {
        head.text[c] = record[c].text;
        head.text_line[c] = trial.lines[row];
      }
    }
  }
  head.index.assign(columns, false);
  // A feature and a label must be left.
  for (std::size_t c = 0; !head.names.empty() && c + 2 < columns && is_index_name(head.names[c]) &&
                          has_different_integers(trial, first, c, decimal);
       ++c) {
    head.index[c] = true;
  }
}

}  // namespace

TableHead read_csv_head(const ByteSource& source, const ReadOptions& options,
                        const Columns* known) {
  TableHead head;
  const char separator = skip_preamble(source, head);
  Window window(source, head.begin, head.end);
  const Trial trial = choose_trial(source, window, head, separator, options);
  head.separator = trial.separator;
  head.columns = static_cast<std::int64_t>(trial.columns());
  HeaderVerdict verdict = HeaderVerdict::header;
  if (options.table.header == HeaderRow::automatic) {
    const char decimal = mark_of(options.table.decimal);
    verdict = known != nullptr ? judge_header(trial.records, decimal, *known)
                               : judge_header(trial.records, decimal);
  } else if (options.table.header == HeaderRow::no) {
    verdict = HeaderVerdict::data;
  }
  if (verdict == HeaderVerdict::unclear) {
    throw DataError(str(source.name(), ":", head.first_line,
                        ": expected a first line that is clearly a header or a sample, found \"",
                        first_line_of(window.text()),
                        "\", which may be either. Say which with --header yes or --header no."));
  }
  const bool named = verdict != HeaderVerdict::data;
  if (named) {
    const std::int64_t line = head.first_line;
    head.names = header_names(trial.records.front(), source.name(), line);
    if (verdict == HeaderVerdict::numbered) {
      head.notices.push_back(
          str(source.name(), ":", line, ": the first line ",
              known != nullptr ? "has numbers that are names of the training" : "counts from 0",
              " and is taken for a header. If it is a sample, say so with "
              "--header no."));
    } else if (known != nullptr && !known->named() &&
               options.table.header == HeaderRow::automatic) {
      head.notices.push_back(str(source.name(), ":", line,
                                 ": the first line is taken for a header, though the training "
                                 "data has none. If it is a sample, say so with --header no."));
    }
    const std::size_t next = trial.records.size() > 1 ? trial.starts[1] : trial.end;
    head.first_line = trial.records.size() > 1 ? trial.lines[1] : head.first_line + 1;
    head.begin += static_cast<std::int64_t>(next);
    if (head.begin >= head.end) {
      throw DataError(str(source.name(), ":", line,
                          ": expected samples after the header, found none. Add one sample a "
                          "line."));
    }
  }
  look_at_columns(trial, named ? 1 : 0, mark_of(options.table.decimal), head);
  return head;
}

}  // namespace dga
