// SPDX-License-Identifier: Apache-2.0
//
// dga checkpoint: lists, verifies, exports and compares checkpoints, in any store.

#include <iomanip>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "dga/base/error.h"
#include "dga/base/home_path.h"
#include "dga/base/log.h"
#include "dga/base/one_line.h"
#include "dga/cli/command.h"
#include "dga/cli/inputs.h"
#include "dga/data/shape_text.h"
#include "dga/launch/stop_signal.h"
#include "dga/storage/atomic_file.h"
#include "dga/storage/checked_folder.h"
#include "dga/storage/checkpoint_names.h"
#include "dga/storage/checkpoint_tensors.h"
#include "dga/storage/checkpoints.h"
#include "dga/storage/exported_weights.h"
#include "dga/storage/file_tree.h"
#include "dga/storage/json_difference.h"
#include "dga/storage/manifest.h"
#include "dga/storage/tensor_difference.h"
#include "dga/train/program_state.h"
#include "dga/train/run_state.h"

namespace dga {
namespace {

std::string shown(const std::string& path) {
  return printable(path, 4096);
}

/// A line on standard error that does not end the command.
void report(const StorageError& error) {
  std::cerr << str("dga: ", one_line(error.what()), '\n') << std::flush;
}

// --- ls

/// A line of the list.
struct ListedCheckpoint {
  std::int64_t step = 0;
  std::string epochs = "-";
  std::int64_t bytes = 0;
  std::string state = "incomplete";
};

/// Reads the small files only: a tensor may be damaged nevertheless.
ListedCheckpoint describe(const StoredCheckpoint& checkpoint) {
  ListedCheckpoint line{.step = checkpoint.step};
  line.bytes = bytes_in(StorePath(checkpoint.path));
  if (!checkpoint.is_complete) {
    return line;
  }
  std::string state;
  try {
    const CheckedFolder folder(checkpoint.path);
    for (const auto& [name, sum] : folder.manifest()->files) {
      folder.file(name);  // has the right size
    }
    state = folder.read(kStateFile);
  } catch (const StorageError&) {
    line.state = "damaged";
    return line;
  }
  line.state = "complete";
  try {
    // The step is known also of a copy with another name.
    if (is_program_state(
            nlohmann::ordered_json::parse(state, nullptr, /*allow_exceptions=*/false))) {
      line.step = program_state_from_json(state, checkpoint.path).step();
    } else {
      const RunState run = run_state_from_json(state, checkpoint.path);
      line.epochs = str(run.epochs.size());
      line.step = run.step();
    }
  } catch (const StorageError&) {
    line.epochs = "?";  // of another version
  }
  return line;
}

void show(const std::string& step, const std::string& epochs, const std::string& bytes,
          const std::string& state, const std::string& path) {
  std::cout << std::setw(12) << step << std::setw(9) << epochs << std::setw(16) << bytes << "  "
            << std::left << std::setw(12) << state << std::right << path << '\n';
}

int list(const std::string& path) {
  const std::vector<StoredCheckpoint> all = checkpoints_at(path);
  show("step", "epochs", "bytes", "state", "path");
  for (const StoredCheckpoint& each : all) {
    const ListedCheckpoint line = describe(each);
    show(str(line.step), line.epochs, str(line.bytes), line.state, shown(each.path));
  }
  return 0;
}

// --- verify

int verify(const std::string& path) {
  bool all_good = true;
  for (const StoredCheckpoint& each : checkpoints_at(path)) {
    try {
      verify_checkpoint(each.path);
      std::cout << "OK " << bytes_in(StorePath(each.path)) << " bytes  " << shown(each.path)
                << std::endl;
    } catch (const StorageError& error) {
      all_good = false;
      report(error);
    }
  }
  return all_good ? 0 : 1;
}

/// The one that `path` means, which is verified.
StoredCheckpoint good_checkpoint(const std::string& path) {
  return good_checkpoint_at(
      path, [](const std::string& text) { log_warning(text, " An older checkpoint is used."); });
}

// --- export

struct ExportOptions {
  std::string from = {};
  std::string to = {};
  bool average = false;
  bool kept = false;
  bool force = false;
};

/// Throws unless the weights may be written to `to`.
void check_target(const std::string& to, bool force) {
  const auto found = StorePath(to).status();
  if (found && (!force || !found->is_file())) {
    throw StorageError(str("[storage] ", shown(to), ": expected nothing there, found ",
                           found->is_file() ? "a file. Choose another name, or replace it with "
                                              "--force."
                                            : "something else than a file. Choose another name."));
  }
}

int write_weights(const ExportOptions& options) {
  DGA_CHECK(!options.average || !options.kept,
            "[cli] checkpoint export: expected --average or --kept, found both. Choose one.");
  const std::string to = expand_home(options.to);
  check_target(to, options.force);
  const StopSignal stop;
  const StoredCheckpoint checkpoint = good_checkpoint(expand_home(options.from));
  std::vector<std::string> inputs;
  if (const auto manifest = read_manifest(checkpoint.path)) {
    for (const auto& [name, sum] : manifest->files) {
      inputs.push_back(path_in(checkpoint.path, name));
    }
  }
  refuse_input_as_output(to, inputs);
  const ExportedWeights written =
      export_weights(CheckpointTensors(checkpoint.path),
                     options.average ? WeightChoice::average
                     : options.kept  ? WeightChoice::kept
                                     : WeightChoice::model,
                     to, [&] {
                       if (StopSignal::requested()) {
                         throw Interrupted(str("[storage] ", shown(to),
                                               ": stopped by a signal before the file was whole. "
                                               "Export it again."));
                       }
                     });
  std::cout << "OK " << written.tensors << " tensors, " << written.bytes << " bytes, of "
            << shown(checkpoint.path) << '\n';
  return 0;
}

// --- diff

std::string form_of(const CheckpointTensor* tensor) {
  return tensor == nullptr ? "none"
                           : str(name_of(tensor->type), ' ',
                                 tensor->shape.empty() ? "scalar" : shape_text(tensor->shape));
}

void show(const JsonDifference& difference) {
  std::cout << "state   " << shown(difference.name) << ": "
            << (difference.a == difference.b ? difference.a + " differ"
                                             : difference.a + " -> " + difference.b)
            << '\n';
}

void show(const TensorDifference& difference) {
  std::cout << "tensor  " << shown(difference.name) << ": ";
  if (!difference.is_of_elements()) {
    std::cout << form_of(difference.a) << " -> " << form_of(difference.b) << '\n';
    return;
  }
  const ElementDifference& elements = difference.elements;
  std::cout << elements.count << " of " << difference.a->bytes / size_of(difference.a->type)
            << " elements differ";
  if (elements.count > elements.nan_count) {
    std::cout << ", by " << elements.largest << " at most";
  }
  if (elements.nan_count > 0) {
    std::cout << ", " << elements.nan_count << " of them NaN";
  }
  std::cout << '\n';
}

int compare(const std::string& first, const std::string& second) {
  const StoredCheckpoint a = good_checkpoint(first);
  const StoredCheckpoint b = good_checkpoint(second);
  const std::string state_of_a = path_in(a.path, kStateFile);
  const std::string state_of_b = path_in(b.path, kStateFile);
  // The times of two runs always differ.
  for (const JsonDifference& each : differing_values(
           read_file(state_of_a), state_of_a, read_file(state_of_b), state_of_b, "seconds")) {
    show(each);
  }
  const CheckpointTensors tensors_of_a(a.path);
  const CheckpointTensors tensors_of_b(b.path);
  const std::vector<TensorDifference> differing = differing_tensors(tensors_of_a, tensors_of_b);
  for (const TensorDifference& each : differing) {
    show(each);
  }
  std::cout << std::flush;
  if (!differing.empty()) {
    throw StorageError(str("[storage] ", shown(b.path), ": expected the tensors of ", shown(a.path),
                           ", found ", differing.size(),
                           " that differ. Standard output lists them."));
  }
  std::cout << "OK " << tensors_of_a.tensors().size() << " tensors are equal\n";
  return 0;
}

constexpr const char* kPathHelp =
    "The folder of a checkpoint, or of a run: then its newest checkpoint that is complete and "
    "undamaged. A path or URI.";

Action with_path(CLI::App& app, const char* name, const char* help,
                 int (*act)(const std::string&)) {
  const auto path = std::make_shared<std::string>();
  app.add_option(name, *path, help)->required()->type_name("DIR");
  return [path, act] { return act(expand_home(*path)); };
}

}  // namespace

Action add_checkpoint_ls(CLI::App& app) {
  return with_path(app, "RUN", "The folder of a run, as a path or URI.", list);
}

Action add_checkpoint_verify(CLI::App& app) {
  return with_path(app, "PATH",
                   "The folder of a run, all of whose checkpoints are read, or of one checkpoint. "
                   "A path or URI.",
                   verify);
}

Action add_checkpoint_export(CLI::App& app) {
  const auto options = std::make_shared<ExportOptions>();
  app.add_option("PATH", options->from, kPathHelp)->required()->type_name("DIR");
  app.add_option("OUTPUT", options->to, "The safetensors file to write, as a path or URI.")
      ->required()
      ->type_name("FILE");
  app.add_flag("--average", options->average,
               "Export the moving average of the parameters (--ema) in their place.");
  app.add_flag("--kept", options->kept,
               "Export the weights that the run would save: those of the best epoch "
               "(--keep-best), or the average at its end (--ema).");
  app.add_flag("--force", options->force, "Replace OUTPUT if it is there.");
  return [options] { return write_weights(*options); };
}

Action add_checkpoint_diff(CLI::App& app) {
  const auto a = std::make_shared<std::string>();
  const auto b = std::make_shared<std::string>();
  app.add_option("A", *a, kPathHelp)->required()->type_name("DIR");
  app.add_option("B", *b,
                 "The one to compare it with. Exit code 0: all tensors are equal, bit "
                 "for bit; 1: some differ, or a checkpoint cannot be read.")
      ->required()
      ->type_name("DIR");
  return [a, b] { return compare(expand_home(*a), expand_home(*b)); };
}

}  // namespace dga
