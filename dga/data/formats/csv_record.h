// SPDX-License-Identifier: Apache-2.0
//
// CsvRecord: the fields of one record (RFC 4180): quoted fields may contain separators, line ends
// and doubled quotes.

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dga {

struct CsvField {
  /// Without quotes. Spaces and tabs around a field are not part of it; those in quotes are.
  std::string_view text = {};
  bool quoted = false;
};

/// Reads one record at a time and reuses its memory.
class CsvRecord {
 public:
  enum class Fault {
    none,
    open_quote,        ///< a quoted field has no end
    text_after_quote,  ///< text stands between a closing quote and the next separator
  };

  explicit CsvRecord(char separator) : separator_(separator) {}

  /// Splits the record that begins at `p`, in text that ends at `end`. Returns the start of the
  /// next record, or `end`. The fields are valid until the next call, and as long as the text.
  const char* split(const char* p, const char* end);

  std::span<const CsvField> fields() const noexcept { return fields_; }
  Fault fault() const noexcept { return fault_; }

 private:
  const char* take_field(const char* p, const char* end);
  const char* take_quoted(const char* p, const char* end);
  const char* end_of_plain(const char* p, const char* end) const noexcept;
  bool is_blank(char c) const noexcept { return (c == ' ' || c == '\t') && c != separator_; }

  char separator_;
  Fault fault_ = Fault::none;
  std::vector<CsvField> fields_;
  std::string unescaped_;  // the contents of fields with doubled quotes, one after the other
  struct Copied {
    std::size_t field;
    std::size_t offset;
    std::size_t size;
  };
  std::vector<Copied> copied_;
};

/// Counts records without splitting them, in text that arrives in parts. It agrees with CsvRecord
/// on where a record ends.
class CsvRecordCounter {
 public:
  explicit CsvRecordCounter(char separator) : separator_(separator) {}

  /// Consumes `text` up to and including the end of the current record. Returns the number of bytes
  /// consumed; all of them, when the record does not end in `text`.
  std::size_t consume(std::string_view text);
  /// Whether the last call consumed the end of a record.
  bool at_end() const noexcept { return at_end_; }
  /// Line ends consumed so far, those in quotes included.
  std::int64_t lines() const noexcept { return lines_; }

 private:
  enum class State { start, plain, quoted, closed };

  char separator_;
  State state_ = State::start;
  bool at_end_ = false;
  std::int64_t lines_ = 0;
};

}  // namespace dga
