// SPDX-License-Identifier: Apache-2.0
//
// Samples: what a format reads from files, before labels are mapped to classes.

#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dga/base/content_hash.h"
#include "dga/base/named_values.h"
#include "dga/data/data_summary.h"
#include "dga/data/image_size.h"
#include "dga/data/origins.h"
#include "dga/data/table_options.h"
#include "dga/storage/columns.h"

namespace dga {

/// What the labels mean. `automatic` means classification: integer labels may mean either, so
/// regression must be requested.
enum class Task { automatic, classification, regression };

inline constexpr NamedValues<Task, 3> kTaskNames{{{"auto", Task::automatic},
                                                  {"classification", Task::classification},
                                                  {"regression", Task::regression}}};

class BlockReader;
class IndexFolder;
struct TextPass;

struct Samples {
  /// Consecutive samples of one file, so that errors can name the place of a sample.
  struct Part {
    std::string file = {};
    std::int64_t count = 0;
    std::int64_t first_line = 0;  // line number of its first sample; 0: the file has no lines
    /// The line number of each sample, or its number where the file has no lines; empty if they are
    /// consecutive.
    std::vector<std::int64_t> lines = {};
    bool is_sample = false;  // whether the file is one sample, as an image is
  };

  std::int64_t count = 0;
  std::vector<std::int64_t> shape;  // shape of one sample
  /// (count, shape...), each minus the origin of its feature. NaN stands for a missing value, which
  /// only Missing::mean allows.
  std::shared_ptr<float[]> features;
  /// (count, shape...). Of samples without origins whose values are all bytes, as pixels are:
  /// `features` is then null.
  std::shared_ptr<std::uint8_t[]> bytes = {};
  /// Of streamed samples, whose features and bytes are null: reads them from the files.
  std::shared_ptr<const BlockReader> blocks = {};
  /// Of streamed arrays: whether all features were looked at to find the rest. Text always is.
  bool has_pass = false;
  std::shared_ptr<std::int64_t[]> labels;  // (count), classification: see label_texts
  std::shared_ptr<float[]> targets;        // (count), regression, minus target_origin
  // Both null: samples without labels, which only ReadOptions::optional_labels allows.
  std::vector<Part> parts;
  std::string format = {};                // for people: "CSV", or with the type, "NPY, f32"
  std::string label = {};                 // the label column, for people; empty: no columns
  std::vector<std::string> notices = {};  // lines that the user should read

  /// Empty: `labels` are the integers in the file. Otherwise they are positions in these, which
  /// ascend.
  std::vector<std::string> label_texts = {};
  Origins origins = {};
  Columns columns = {};              // of a table; empty for other formats
  std::int64_t missing_samples = 0;  // with a missing value, those that were left out included
  std::int64_t dropped_samples = 0;  // left out because of a missing value

  /// The place of a sample for errors: "file:line"; or "file: sample N", counted from 0, if the
  /// file has no lines; or "file", if the file is the sample.
  std::string place(std::int64_t sample) const;
};

/// The number of features of a sample.
std::int64_t width_of(const Samples& samples) noexcept;

/// Options for the formats.
struct ReadOptions {
  Task task = Task::automatic;
  TableOptions table = {};

  /// The columns that the files must have: those of the samples that were read first. Null: the
  /// first file decides, with the options above.
  const Columns* columns = nullptr;
  /// Where the names of --drop go that no file has, since files of another set may have them. Null:
  /// such a name is an error.
  std::vector<std::string>* unknown_drops = nullptr;
  /// The origins to subtract, of the samples that were read first. Null: they are measured.
  const Origins* origins = nullptr;
  /// Whether CSV files may lack the label column, and IDX samples the file of labels.
  bool optional_labels = false;
  /// Which arrays of a file that holds several sets, as x_train and x_test, are read. Nothing: all.
  std::optional<FileUse> set = {};
  /// The number of features that each sample must have. 0: any number.
  std::int64_t features = 0;

  /// Leave the features in the files.
  bool in_place = false;
  /// Of samples that stay in the files: where read_files looks for what an earlier run has found in
  /// them, and keeps what it finds. Null: nowhere.
  const IndexFolder* index = nullptr;
  /// What the first pass over samples that stay in the files has found before; see text_index.h.
  /// Null: it is made. Set by read_files.
  TextPass* pass = nullptr;
  // --- of images
  /// The class of each file, in the same order. Null: the files have no classes.
  const std::vector<std::string>* file_classes = nullptr;
  /// The shape of a sample of the training: (height, width), or with 1 or 3 channels before these.
  /// Empty: the images decide.
  std::vector<std::int64_t> shape = {};
  /// The size that all images get. Nothing: they must have one size.
  std::optional<ImageSize> image_size = {};

  /// By path, what the files held when they were written. Null, or a file that is not here: not
  /// known.
  const std::map<std::string, ContentSum>* sums = nullptr;
  int threads = 0;                                   // 0: one per usable core
  std::int64_t piece_bytes = std::int64_t{1} << 20;  // bytes of text that a thread parses at a time
};

}  // namespace dga
