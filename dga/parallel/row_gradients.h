// SPDX-License-Identifier: Apache-2.0
//
// RowGradients: gradients of tables of which a step touches few rows, such as those of
// torch::nn::Embedding with sparse(true). Only these rows are sent and added up.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "dga/comm/communicator.h"
#include "dga/mesh/parameter_layout.h"
#include "dga/parallel/finite_check.h"

namespace dga {

/// What the gradients of a step are divided by; see StepContribution.
struct RowWeight {
  std::int64_t unit_samples = 0;   // this worker's
  std::int64_t total_samples = 0;  // of all workers
  double loss_scale = 1;           // this worker's
};

/// The parameters of a layout for which `by_rows` is true. Between steps their part of this
/// worker's flat gradient buffer is zero. Backward adds to rows of it and says to which; `reduce`
/// replaces them by the sums over all workers. Used by one thread.
class RowGradients {
 public:
  /// `gradients`: this worker's flat gradient buffer. `layout` must outlive this.
  RowGradients(const ParameterLayout& layout, int worker, std::byte* gradients);

  /// Says that backward has added to these rows of `parameter`; in any order, also repeated.
  void touch(int parameter, std::span<const std::int64_t> rows);
  void touch_all(int parameter);
  /// The elements of one row that was touched; empty if none was.
  std::span<const std::byte> some_touched(int parameter) const noexcept;
  /// Shows the rows of `bucket` that were touched to `check`.
  void look_at(FiniteCheck& check, int bucket, double loss_scale);

  /// Leaves in the slices that this worker owns the weighted sums over all workers, along the fixed
  /// tree, where a row that a worker has not touched counts as zeros: the bits are those of a dense
  /// reduction. Each row goes to the workers that own a part of it, and to no other. Does nothing
  /// if no parameter has `by_rows`. Collective; blocks.
  void reduce(const Communicator& workers, const RowWeight& weight);

  /// Sets to zero what `touch` has named and what this worker owns.
  void clear();

 private:
  struct Table {
    int parameter;
    std::int64_t num_rows;
    std::int64_t width;  // elements of a row
    Slice owned;         // elements that this worker owns
    std::vector<std::int64_t> rows;
    bool ascending;  // and each row once
  };
  struct Message;
  struct Arrived;

  const Table& table_of(int parameter) const noexcept;
  Table& table_of(int parameter) noexcept;
  const std::vector<std::int64_t>& rows_of(Table& table);
  DType type_of(const Table& table) const;
  std::int64_t row_bytes(const Table& table) const;
  std::byte* place(const Table& table, std::int64_t element) const;
  Slice owned_by(const Table& table, int worker) const;
  Message message_for(int worker);
  void add_up(const Table& table, std::vector<Arrived>& arrived, std::vector<double>& weights);
  void clear_rows();

  const ParameterLayout& layout_;
  int worker_;
  std::byte* gradients_;
  std::vector<Table> tables_;
  bool reduced_ = false;
};

}  // namespace dga
