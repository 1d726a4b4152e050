// SPDX-License-Identifier: Apache-2.0
//
// TextIndex: what the first pass over streamed text or arrays found, in the form in which an
// IndexFolder keeps it.

#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "dga/data/samples.h"
#include "dga/data/source.h"
#include "dga/data/stream/index_folder.h"
#include "dga/data/stream/text_blocks.h"

namespace dga {

/// All that the first pass finds.
struct TextPass {
  Samples samples = {};              // without features and blocks
  std::vector<TextMark> marks = {};  // of text
};

/// What decides the outcome of a pass beside the files.
std::string topic_of(const ReadOptions& options);

/// Keeps `samples`, which were read in place from `files`. Does nothing for arrays of which only
/// the labels were read, which takes no time.
void keep_text_pass(const IndexFolder& folder, const IndexKey& key,
                    std::span<const SourcePtr> files, const Samples& samples);

/// The pass that was kept for `files`; nothing if there is none.
std::optional<TextPass> find_text_pass(const IndexFolder& folder, const IndexKey& key,
                                       std::span<const SourcePtr> files);

}  // namespace dga
