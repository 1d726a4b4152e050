// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/parquet/input.h"

#include <arrow/buffer.h>
#include <arrow/result.h>
#include <arrow/status.h>

#include <algorithm>
#include <span>

namespace dga {

arrow::Result<std::int64_t> ParquetInput::ReadAt(std::int64_t position, std::int64_t count,
                                                 void* out) {
  if (position < 0 || count < 0 || position > source_->size()) {
    return arrow::Status::Invalid("bytes outside of the file");
  }
  count = std::min(count, source_->size() - position);
  try {
    source_->read(position, std::span(static_cast<char*>(out), static_cast<std::size_t>(count)));
  } catch (...) {
    error_ = std::current_exception();
    return arrow::Status::IOError("the file cannot be read");
  }
  return count;
}

arrow::Result<std::shared_ptr<arrow::Buffer>> ParquetInput::ReadAt(std::int64_t position,
                                                                   std::int64_t count) {
  if (position < 0 || count < 0 || position > source_->size()) {
    return arrow::Status::Invalid("bytes outside of the file");
  }
  // What a damaged footer asks for may be far more than there is.
  count = std::min(count, source_->size() - position);
  ARROW_ASSIGN_OR_RAISE(std::unique_ptr<arrow::Buffer> buffer, arrow::AllocateBuffer(count));
  ARROW_RETURN_NOT_OK(ReadAt(position, count, buffer->mutable_data()));
  return std::shared_ptr<arrow::Buffer>(std::move(buffer));
}

arrow::Result<std::int64_t> ParquetInput::Read(std::int64_t count, void* out) {
  ARROW_ASSIGN_OR_RAISE(const std::int64_t read, ReadAt(position_, count, out));
  position_ += read;
  return read;
}

arrow::Result<std::shared_ptr<arrow::Buffer>> ParquetInput::Read(std::int64_t count) {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> buffer, ReadAt(position_, count));
  position_ += buffer->size();
  return buffer;
}

arrow::Status ParquetInput::Seek(std::int64_t position) {
  if (position < 0) {
    return arrow::Status::Invalid("a position before the file");
  }
  position_ = position;
  return arrow::Status::OK();
}

arrow::Status ParquetInput::Close() {
  closed_ = true;
  return arrow::Status::OK();
}

void ParquetInput::rethrow() const {
  if (error_) {
    std::rethrow_exception(error_);
  }
}

}  // namespace dga
