// SPDX-License-Identifier: Apache-2.0

#include "dga/parallel/row_gradients.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <numeric>
#include <string>
#include <utility>

#include "dga/base/error.h"
#include "dga/comm/collectives/tree_reduce.h"

namespace dga {

/// Rows for one worker: for each table the numbers of the rows, then their elements.
struct RowGradients::Message {
  std::vector<std::int64_t> counts;  // rows, by table
  std::vector<std::byte> bytes;
};

/// A row that a worker has sent.
struct RowGradients::Arrived {
  std::int64_t row;
  int from;
  const std::byte* elements;
};

RowGradients::RowGradients(const ParameterLayout& layout, int worker, std::byte* gradients)
    : layout_(layout), worker_(worker), gradients_(gradients) {
  for (int number = 0; number < static_cast<int>(layout.parameters().size()); ++number) {
    const ParameterSpec& spec = layout.parameters()[static_cast<std::size_t>(number)].spec;
    if (!layout.by_rows(number) || spec.count() == 0) {
      continue;
    }
    Table table{.parameter = number,
                .num_rows = spec.shape.front(),
                .width = spec.count() / spec.shape.front(),
                .owned = {},
                .rows = {},
                .ascending = true};
    table.owned = owned_by(table, worker);
    tables_.push_back(std::move(table));
  }
}

const RowGradients::Table& RowGradients::table_of(int parameter) const noexcept {
  return *std::find_if(tables_.begin(), tables_.end(),
                       [&](const Table& table) { return table.parameter == parameter; });
}

RowGradients::Table& RowGradients::table_of(int parameter) noexcept {
  return const_cast<Table&>(std::as_const(*this).table_of(parameter));
}

DType RowGradients::type_of(const Table& table) const {
  return layout_.parameters()[static_cast<std::size_t>(table.parameter)].spec.type;
}

std::int64_t RowGradients::row_bytes(const Table& table) const {
  return table.width * size_of(type_of(table));
}

std::byte* RowGradients::place(const Table& table, std::int64_t element) const {
  return gradients_ + layout_.first_byte(table.parameter) + element * size_of(type_of(table));
}

Slice RowGradients::owned_by(const Table& table, int worker) const {
  for (const OwnedSegment& segment : layout_.segments(table.parameter)) {
    if (segment.owner == worker) {
      return segment.elements;
    }
  }
  return {};
}

void RowGradients::touch(int parameter, std::span<const std::int64_t> rows) {
  Table& table = table_of(parameter);
  table.rows.insert(table.rows.end(), rows.begin(), rows.end());
  table.ascending = false;
}

void RowGradients::touch_all(int parameter) {
  Table& table = table_of(parameter);
  table.rows.resize(static_cast<std::size_t>(table.num_rows));
  std::iota(table.rows.begin(), table.rows.end(), std::int64_t{0});
  table.ascending = true;
}

std::span<const std::byte> RowGradients::some_touched(int parameter) const noexcept {
  const Table& table = table_of(parameter);
  if (table.rows.empty()) {
    return {};
  }
  // The smallest, so that it stays the same when the rows are sorted.
  const std::int64_t row = *std::min_element(table.rows.begin(), table.rows.end());
  return {place(table, row * table.width), static_cast<std::size_t>(row_bytes(table))};
}

const std::vector<std::int64_t>& RowGradients::rows_of(Table& table) {
  if (!table.ascending) {
    std::sort(table.rows.begin(), table.rows.end());
    table.rows.erase(std::unique(table.rows.begin(), table.rows.end()), table.rows.end());
    table.ascending = true;
  }
  return table.rows;
}

void RowGradients::look_at(FiniteCheck& check, int bucket, double loss_scale) {
  for (Table& table : tables_) {
    const PlacedParameter& placed = layout_.parameters()[static_cast<std::size_t>(table.parameter)];
    if (placed.bucket != bucket) {
      continue;
    }
    for (const std::int64_t row : rows_of(table)) {
      check.look_at({static_cast<const void*>(place(table, row * table.width)), table.width,
                     placed.spec.type},
                    bucket, placed.elements.first + row * table.width, loss_scale);
    }
  }
}

RowGradients::Message RowGradients::message_for(int worker) {
  Message message;
  for (Table& table : tables_) {
    const Slice theirs = owned_by(table, worker);
    const std::vector<std::int64_t>& rows = rows_of(table);
    auto first = rows.end();
    auto last = rows.end();
    if (theirs.count > 0) {
      first = std::lower_bound(rows.begin(), rows.end(), theirs.first / table.width);
      last = std::upper_bound(first, rows.end(), (theirs.first + theirs.count - 1) / table.width);
    }
    message.counts.push_back(last - first);
    const auto append = [&](const void* from, std::int64_t bytes) {
      const auto* begin = static_cast<const std::byte*>(from);
      message.bytes.insert(message.bytes.end(), begin, begin + bytes);
    };
    if (first != last) {
      append(&*first, (last - first) * static_cast<std::int64_t>(sizeof(std::int64_t)));
    }
    for (auto row = first; row != last; ++row) {
      append(place(table, *row * table.width), row_bytes(table));
    }
  }
  return message;
}

void RowGradients::reduce(const Communicator& workers, const RowWeight& weight) {
  if (tables_.empty()) {
    return;
  }
  const auto num_workers = static_cast<std::size_t>(workers.size());
  // To each worker: this worker's divisor and loss scale, and how many rows of each table follow.
  const std::size_t head = 2 + tables_.size();
  std::vector<std::int64_t> heads_out;
  std::vector<std::int64_t> bytes_out;
  std::vector<std::byte> out;
  for (int worker = 0; worker < workers.size(); ++worker) {
    Message message = message_for(worker);
    heads_out.push_back(weight.unit_samples);
    heads_out.push_back(std::bit_cast<std::int64_t>(weight.loss_scale));
    heads_out.insert(heads_out.end(), message.counts.begin(), message.counts.end());
    bytes_out.push_back(static_cast<std::int64_t>(message.bytes.size()));
    out.insert(out.end(), message.bytes.begin(), message.bytes.end());
  }
  std::vector<std::int64_t> heads(num_workers * head);
  const auto num_heads = static_cast<std::int64_t>(heads.size());
  workers.all_to_all({std::as_const(heads_out).data(), num_heads}, {heads.data(), num_heads}, {},
                     {}, "numbers of rows");
  const auto count_of = [&](std::size_t worker, std::size_t table) {
    return heads[worker * head + 2 + table];
  };
  std::vector<std::int64_t> bytes_in(num_workers, 0);
  std::vector<double> weights(num_workers, 0);
  for (std::size_t worker = 0; worker < num_workers; ++worker) {
    for (std::size_t table = 0; table < tables_.size(); ++table) {
      const std::int64_t rows = count_of(worker, table);
      DGA_CHECK(rows >= 0 && rows <= tables_[table].num_rows, "[parallel] rows of worker ", worker,
                ": expected 0 to ", tables_[table].num_rows, ", found ", rows, ".");
      bytes_in[worker] +=
          rows * (static_cast<std::int64_t>(sizeof(std::int64_t)) + row_bytes(tables_[table]));
    }
    if (weight.total_samples > 0) {
      weights[worker] = static_cast<double>(heads[worker * head]) /
                        static_cast<double>(weight.total_samples) /
                        std::bit_cast<double>(heads[worker * head + 1]);
    }
  }
  std::vector<std::byte> in(
      static_cast<std::size_t>(std::accumulate(bytes_in.begin(), bytes_in.end(), std::int64_t{0})));
  workers.all_to_all(
      {static_cast<const void*>(out.data()), static_cast<std::int64_t>(out.size()), DType::u8},
      {static_cast<void*>(in.data()), static_cast<std::int64_t>(in.size()), DType::u8}, bytes_out,
      bytes_in, "rows of gradients");
  clear_rows();
  reduced_ = true;
  std::vector<const std::byte*> next(num_workers, in.data());
  for (std::size_t worker = 1; worker < num_workers; ++worker) {
    next[worker] = next[worker - 1] + bytes_in[worker - 1];
  }
  for (std::size_t i = 0; i < tables_.size(); ++i) {
    std::vector<Arrived> arrived;
    for (std::size_t worker = 0; worker < num_workers; ++worker) {
      const std::int64_t rows = count_of(worker, i);
      const std::byte* elements = next[worker] + rows * static_cast<std::int64_t>(sizeof(rows));
      for (std::int64_t k = 0; k < rows; ++k) {
        std::int64_t row = 0;
        std::memcpy(&row, next[worker] + k * static_cast<std::int64_t>(sizeof(row)), sizeof(row));
        arrived.push_back({row, static_cast<int>(worker), elements + k * row_bytes(tables_[i])});
      }
      next[worker] = elements + rows * row_bytes(tables_[i]);
    }
    add_up(tables_[i], arrived, weights);
  }
}

void RowGradients::add_up(const Table& table, std::vector<Arrived>& arrived,
                          std::vector<double>& weights) {
  std::stable_sort(arrived.begin(), arrived.end(),
                   [](const Arrived& a, const Arrived& b) { return a.row < b.row; });
  std::vector<ReduceSource> sources;
  for (const TreeNode& leaf : tree_leaves(static_cast<int>(weights.size()))) {
    sources.push_back({.node = leaf, .weight = weights[static_cast<std::size_t>(leaf.first)]});
  }
  const DType type = type_of(table);
  const std::vector<std::byte> zeros(static_cast<std::size_t>(row_bytes(table)));
  for (auto at = arrived.begin(); at != arrived.end();) {
    const std::int64_t begin = at->row * table.width;
    const std::int64_t first = std::max(begin, table.owned.first);
    const std::int64_t end = std::min(begin + table.width, table.owned.first + table.owned.count);
    DGA_CHECK(at->row >= 0 && at->row < table.num_rows && first < end, "[parallel] rows of worker ",
              at->from, ": expected rows that worker ", worker_, " owns, found row ", at->row, ".");
    for (ReduceSource& source : sources) {
      source.data = zeros.data();
    }
    for (const std::int64_t row = at->row; at != arrived.end() && at->row == row; ++at) {
      sources[static_cast<std::size_t>(at->from)].data =
          at->elements + (first - begin) * size_of(type);
    }
    const std::array<void*, 1> out{place(table, first)};
    tree_reduce(sources, out, end - first, type, ReduceOp::sum, false);
  }
}

void RowGradients::clear_rows() {
  for (Table& table : tables_) {
    for (const std::int64_t row : rows_of(table)) {
      std::memset(place(table, row * table.width), 0, static_cast<std::size_t>(row_bytes(table)));
    }
    table.rows.clear();
  }
}

void RowGradients::clear() {
  clear_rows();
  if (!reduced_) {
    return;
  }
  // Also what on_gradients or the optimiser may have written besides the sums.
  for (const Table& table : tables_) {
    std::memset(place(table, table.owned.first), 0,
                static_cast<std::size_t>(table.owned.count * size_of(type_of(table))));
  }
  reduced_ = false;
}

}  // namespace dga
