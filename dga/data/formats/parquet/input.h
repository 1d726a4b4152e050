// SPDX-License-Identifier: Apache-2.0
//
// ParquetInput: a ByteSource as Arrow reads it, so that Parquet files may lie in any store.

#pragma once

#include <arrow/io/interfaces.h>
#include <arrow/result.h>

#include <cstdint>
#include <exception>
#include <memory>

#include "dga/data/source.h"

namespace dga {

/// For one reader at a time.
class ParquetInput final : public arrow::io::RandomAccessFile {
 public:
  explicit ParquetInput(SourcePtr source) : source_(std::move(source)) {}

  using arrow::io::RandomAccessFile::ReadAt;
  arrow::Result<std::int64_t> ReadAt(std::int64_t position, std::int64_t count, void* out) override;
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadAt(std::int64_t position,
                                                       std::int64_t count) override;
  arrow::Result<std::int64_t> Read(std::int64_t count, void* out) override;
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(std::int64_t count) override;
  arrow::Result<std::int64_t> GetSize() override { return source_->size(); }
  arrow::Result<std::int64_t> Tell() const override { return position_; }
  arrow::Status Seek(std::int64_t position) override;
  arrow::Status Close() override;
  bool closed() const override { return closed_; }

  /// Throws what the source has thrown in a read, which Arrow has only as a text.
  void rethrow() const;

 private:
  SourcePtr source_;
  std::int64_t position_ = 0;
  bool closed_ = false;
  std::exception_ptr error_;
};

}  // namespace dga
