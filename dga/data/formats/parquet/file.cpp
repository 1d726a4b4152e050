// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/parquet/file.h"

#include <arrow/util/compression.h>
#include <arrow/util/key_value_metadata.h>
#include <parquet/exception.h>
#include <parquet/properties.h>
#include <parquet/schema.h>

#include <algorithm>
#include <new>
#include <nlohmann/json.hpp>
#include <string_view>
#include <tuple>
#include <utility>

#include "dga/base/error.h"
#include "dga/base/one_line.h"
#include "dga/data/formats/parquet/input.h"

namespace dga {
namespace {

// Bytes that are read at a time from what is stored of a column: each may be a request to a server.
// A thread reads several columns side by side, and should not keep all that is stored of them.
constexpr std::int64_t kSmallBuffer = std::int64_t{64} << 10;
constexpr std::int64_t kLargeBuffer = std::int64_t{4} << 20;
constexpr std::int64_t kAllBuffers = std::int64_t{16} << 20;

std::unique_ptr<parquet::ParquetFileReader> open_reader(
    const std::shared_ptr<ParquetInput>& input, std::shared_ptr<parquet::FileMetaData> metadata,
    std::int64_t buffer) {
  parquet::ReaderProperties properties;
  properties.set_page_checksum_verification(true);  // where the writer has stored any
  properties.enable_buffered_stream();
  properties.set_buffer_size(buffer);
  return parquet::ParquetFileReader::Open(input, properties, std::move(metadata));
}

/// Throws for a file whose ends do not say that it is whole and readable.
void check_ends(const ByteSource& source) {
  char start[4] = {};
  char end[4] = {};
  if (source.size() >= 12) {
    source.read(0, start);
    source.read(source.size() - 4, end);
  }
  const std::string_view magic(end, 4);
  if (magic == "PARE") {
    throw DataError(str(source.name(),
                        ": expected a Parquet file without encryption, found one with. Decrypt it "
                        "first."));
  }
  if (magic != "PAR1") {
    throw DataError(str(source.name(), ": expected PAR1 at the end, as every Parquet file has it, ",
                        "found \"", printable(magic),
                        "\": the file seems cut off. Copy it again."));
  }
}

[[noreturn]] void refuse_footer(const std::string& file, std::string_view reason) {
  throw DataError(str(file, ": expected the footer of a Parquet file, found damage: \"",
                      one_line(printable(reason, 200)),
                      "\". Copy the file again, or write it anew."));
}

/// Names of the columns that pandas has stored as its index.
std::vector<std::string> index_names(const parquet::FileMetaData& metadata) {
  std::vector<std::string> names;
  if (metadata.key_value_metadata() == nullptr) {
    return names;
  }
  const auto text = metadata.key_value_metadata()->Get("pandas");
  const auto pandas = nlohmann::json::parse(text.ok() ? *text : "", nullptr, false);
  if (!pandas.is_object() || !pandas.contains("index_columns") ||
      !pandas["index_columns"].is_array()) {
    return names;
  }
  for (const auto& name : pandas["index_columns"]) {
    if (name.is_string()) {  // otherwise it is a range, which is not stored
      names.push_back(name.get<std::string>());
    }
  }
  return names;
}

void describe_columns(ParquetFile& file) {
  const parquet::SchemaDescriptor& schema = *file.metadata->schema();
  const parquet::schema::GroupNode& root = *schema.group_node();
  std::vector<int> first_leaf(static_cast<std::size_t>(root.field_count()), -1);
  for (int leaf = schema.num_columns() - 1; leaf >= 0; --leaf) {
    const auto* const field = schema.GetColumnRoot(leaf);
    for (int i = 0; i < root.field_count(); ++i) {
      if (root.field(i).get() == field) {
        first_leaf[static_cast<std::size_t>(i)] = leaf;
      }
    }
  }
  const std::vector<std::string> index = index_names(*file.metadata);
  for (int i = 0; i < root.field_count(); ++i) {
    file.columns.push_back(parquet_column(*root.field(i), first_leaf[static_cast<std::size_t>(i)]));
    const std::string& name = file.columns.back().name;
    if (!is_utf8(name)) {
      throw DataError(str(file.source->name(), ": expected names in UTF-8, found \"",
                          one_line(printable(name)), "\". Rename the column."));
    }
    file.index.push_back(std::find(index.begin(), index.end(), name) != index.end());
  }
}

void count_rows(ParquetFile& file) {
  std::int64_t total = 0;
  for (int group = 0; group < file.metadata->num_row_groups(); ++group) {
    const std::int64_t rows = file.metadata->RowGroup(group)->num_rows();
    if (rows < 0 || __builtin_add_overflow(total, rows, &total)) {
      refuse_footer(file.source->name(), "a row group with a wrong number of rows");
    }
    file.groups.push_back(rows);
  }
  if (total == 0) {
    throw DataError(str(file.source->name(), ": expected samples, found a table without rows. ",
                        "Remove the file."));
  }
}

/// What Arrow throws in `work`, as a text; "" if nothing. Throws DataError, what the source of
/// `input` throws, and if memory is short.
template <typename Work>
std::string fault_in(const ParquetInput& input, Work work) {
  try {
    work();
  } catch (const DataError&) {
    throw;
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {
    input.rethrow();
    return *error.what() == '\0' ? "an unknown fault" : error.what();
  }
  return "";
}

/// One column while it is read.
struct OpenColumn {
  std::shared_ptr<parquet::ColumnReader> reader = {};
  std::int64_t row = 0;  // the next one
};

std::shared_ptr<parquet::ColumnReader> column_reader(parquet::RowGroupReader& group, int leaf) {
  const auto codec = group.metadata()->ColumnChunk(leaf)->compression();
  if (!arrow::util::Codec::IsAvailable(codec)) {
    throw parquet::ParquetException("the codec " + arrow::util::Codec::GetCodecAsString(codec) +
                                    ", which this Arrow lacks");
  }
  return group.Column(leaf);
}

/// Reads the rows of one column up to `end`.
void read_column(OpenColumn& column, const ParquetColumn& type, std::size_t number,
                 std::int64_t end, ParquetCells& cells, const UseParquetCells& use) {
  while (column.row < end) {
    const std::int64_t count = cells.read(*column.reader, type, end - column.row);
    if (count <= 0) {
      throw parquet::ParquetException("fewer values than rows");
    }
    use(number, column.row, cells);
    column.row += count;
  }
}

}  // namespace

ParquetFile open_parquet(const SourcePtr& source) {
  check_ends(*source);
  ParquetFile file{.source = source};
  const auto input = std::make_shared<ParquetInput>(source);
  const std::string fault = fault_in(*input, [&] {
    file.metadata = open_reader(input, nullptr, kSmallBuffer)->metadata();
    if (file.metadata->is_encryption_algorithm_set()) {
      throw DataError(str(source->name(),
                          ": expected a Parquet file without encryption, found one with encrypted "
                          "columns. Decrypt it first."));
    }
    describe_columns(file);
    count_rows(file);
  });
  if (!fault.empty()) {
    refuse_footer(source->name(), fault);
  }
  return file;
}

void ParquetFault::add(ParquetFault other) {
  if (other.row >= 0 && (row < 0 || std::tie(other.row, other.column) < std::tie(row, column))) {
    *this = std::move(other);
  }
}

void scan_parquet(const ParquetScan& scan, ParquetFault& fault, const UseParquetCells& use) {
  const auto input = std::make_shared<ParquetInput>(scan.file.source);
  std::vector<OpenColumn> columns(scan.columns.size());
  ParquetCells cells;
  std::int64_t row = 0;
  std::size_t at = 0;
  // A column that cannot be read is a fault in the row where its batch begins.
  const auto guarded = [&](auto work) {
    if (std::string reason = fault_in(*input, work); !reason.empty()) {
      fault.add({.row = row, .column = scan.columns[at], .reason = std::move(reason)});
    }
  };
  std::unique_ptr<parquet::ParquetFileReader> reader;
  std::shared_ptr<parquet::RowGroupReader> group;
  guarded([&] {
    const auto share = kAllBuffers / std::max<std::int64_t>(1, std::ssize(columns));
    reader = open_reader(input, scan.file.metadata,
                         scan.peek ? kSmallBuffer : std::clamp(share, kSmallBuffer, kLargeBuffer));
    group = reader->RowGroup(scan.group);
  });
  for (at = 0; at < columns.size() && group != nullptr; ++at) {
    guarded([&] {
      columns[at].reader = column_reader(*group, scan.file.columns[scan.columns[at]].leaf);
    });
  }
  while (row < scan.rows && fault.row < 0) {
    const std::int64_t end = std::min(scan.rows, row + scan.batch);
    for (at = 0; at < columns.size(); ++at) {
      guarded([&] {
        read_column(columns[at], scan.file.columns[scan.columns[at]], scan.columns[at], end, cells,
                    use);
      });
    }
    row = end;
  }
}

}  // namespace dga
