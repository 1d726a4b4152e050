// SPDX-License-Identifier: Apache-2.0

#include "dga/data/formats/libsvm/pieces.h"

#include <algorithm>
#include <span>
#include <utility>

#include "dga/base/error.h"
#include "dga/base/parallel_for.h"
#include "dga/base/topology.h"
#include "dga/data/formats/libsvm/line.h"

namespace dga {
namespace {

/// Calls use(line) for the lines of `text`, until it returns false.
template <typename Use>
void for_each_line(std::string_view text, Use&& use) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (!use(text.substr(0, end))) {
      return;
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

/// Cuts `text` after line ends, into pieces of at least `bytes` as far as it goes.
std::vector<std::string_view> cut_lines(std::string_view text, std::size_t bytes) {
  std::vector<std::string_view> pieces;
  while (!text.empty()) {
    const std::size_t line_end =
        bytes < text.size() ? text.find('\n', bytes - 1) : std::string_view::npos;
    const std::size_t size = line_end == std::string_view::npos ? text.size() : line_end + 1;
    pieces.push_back(text.substr(0, size));
    text.remove_prefix(size);
  }
  return pieces;
}

}  // namespace

LibsvmPieces::LibsvmPieces(const ReadOptions& options)
    : task_(options.task),
      threads_(options.threads > 0 ? options.threads : usable_cores()),
      piece_bytes_(static_cast<std::size_t>(std::max<std::int64_t>(1, options.piece_bytes))) {
  if (!options.optional_labels) {
    labelled_ = true;
  }
}

LibsvmPiece LibsvmPieces::parse(std::string_view text, std::int64_t offset) const {
  LibsvmPiece piece;
  LibsvmLine line(task_, labelled());
  const char* const begin = text.data();
  for_each_line(text, [&](std::string_view each) {
    try {
      if (line.parse(each)) {
        piece.lines_before.push_back(piece.lines);
        piece.offsets.push_back(offset + (each.data() - begin));
        if (task_ == Task::regression) {
          piece.targets.push_back(line.target());
        } else {
          piece.labels.push_back(line.label());
        }
        piece.indices.insert(piece.indices.end(), line.indices().begin(), line.indices().end());
        piece.values.insert(piece.values.end(), line.values().begin(), line.values().end());
        piece.rows.push_back(piece.indices.size());
        line.add_merged(piece.merged);
      }
    } catch (const LibsvmFault& fault) {
      piece.fault = fault.text;
      return false;
    }
    ++piece.lines;
    return true;
  });
  return piece;
}

/// Before threads parse `text`: whether its first sample has a label, unless that is known.
void LibsvmPieces::find_labels(std::string_view text) {
  if (!labelled_) {
    for_each_line(text, [&](std::string_view line) {
      labelled_ = LibsvmLine::has_label(line);
      return !labelled_;
    });
  }
}

void LibsvmPieces::read(const ByteSource& file, const OnThread& on_thread,
                        const InOrder& in_order) {
  // A file is read in one go, which HDFS checks against its checksum; only parsing takes time.
  std::string text;         // what is not parsed yet
  std::size_t whole = 0;    // bytes of whole lines in it
  std::int64_t offset = 0;  // of the text
  std::int64_t line = 1;    // number of its first line
  const auto parse_lines = [&](std::size_t bytes) {
    const std::string_view lines = std::string_view(text).substr(0, bytes);
    find_labels(lines);
    const std::vector<std::string_view> cut = cut_lines(lines, piece_bytes_);
    std::vector<LibsvmPiece> pieces(cut.size());
    parallel_for(std::ssize(cut), threads_, [&](std::int64_t i, int thread) {
      const auto at = static_cast<std::size_t>(i);
      pieces[at] = parse(cut[at], offset + (cut[at].data() - text.data()));
      on_thread(pieces[at], thread);
    });
    for (LibsvmPiece& each : pieces) {
      const LibsvmPiece piece = std::move(each);  // gives its memory back when it has been used
      in_order(piece, line);
      line += piece.lines;
      if (!piece.fault.empty()) {
        throw DataError(str(file.name(), ":", line, ": ", piece.fault));
      }
    }
    text.erase(0, bytes);
    offset += static_cast<std::int64_t>(bytes);
    whole = 0;
  };
  const std::size_t at_a_time = piece_bytes_ * static_cast<std::size_t>(threads_);
  file.stream(0, file.size(), [&](std::span<const char> bytes) {
    const std::string_view more(bytes.data(), bytes.size());
    const std::size_t end = more.rfind('\n');
    whole = end == std::string_view::npos ? whole : text.size() + end + 1;
    text.append(more);
    if (whole >= at_a_time) {
      parse_lines(whole);
    }
  });
  parse_lines(text.size());
}

}  // namespace dga
