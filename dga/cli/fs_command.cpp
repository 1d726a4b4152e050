// SPDX-License-Identifier: Apache-2.0
//
// dga fs: files of any store, named by paths or URIs.

#include <unistd.h>

#include <iomanip>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "dga/base/clock.h"
#include "dga/base/error.h"
#include "dga/base/home_path.h"
#include "dga/base/one_line.h"
#include "dga/cli/command.h"
#include "dga/launch/stop_signal.h"
#include "dga/storage/checked_folder.h"
#include "dga/storage/file_tree.h"

namespace dga {
namespace {

struct FsOptions {
  std::vector<std::string> paths = {};
  bool flag = false;  // --recursive or --parents or --long
};

StorePath path_of(const std::string& text) {
  return StorePath(expand_home(text));
}

/// Whether it is the folder of everything in its store, or on this machine.
bool is_root(const StorePath& path) {
  return StorePath(path.canonical()).name().empty();
}

[[noreturn]] void fail(const StorePath& path, const char* expected, const char* found,
                       const char* advice) {
  throw StorageError(str("[storage] ", printable(path.text(), 4096), ": expected ", expected,
                         ", found ", found, ". ", advice));
}

/// Shows a long copy on a terminal, in one line that changes.
class CopyBar {
 public:
  explicit CopyBar(const StorePath& from)
      : name_(printable(from.name(), 40)), began_(now_seconds()), shown_(began_) {
    if (::isatty(STDERR_FILENO) == 1) {
      total_ = bytes_in(from);
    }
  }
  ~CopyBar() {
    if (drawn_) {
      std::cerr << "\r\033[K";
    }
  }
  CopyBar(const CopyBar&) = delete;
  CopyBar& operator=(const CopyBar&) = delete;

  void add(std::int64_t bytes) {
    done_ += bytes;
    const double now = now_seconds();
    if (total_ == 0 || now - shown_ < 0.2) {
      return;
    }
    shown_ = now;
    drawn_ = true;
    std::ostringstream line;
    line << "\r\033[K" << name_ << "  " << done_ * 100 / total_ << " %  " << std::fixed
         << std::setprecision(1) << static_cast<double>(done_) / 1e6 / (now - began_) << " MB/s";
    std::cerr << line.str() << std::flush;
  }

 private:
  std::string name_;
  double began_;
  double shown_;
  std::int64_t total_ = 0;  // 0: nothing is shown
  std::int64_t done_ = 0;
  bool drawn_ = false;
};

/// `to`, or the place of `from` in it if it is a folder.
StorePath target_of(const StorePath& from, const StorePath& to) {
  return to.is_folder() ? to / from.name() : to;
}

void show(const Entry& entry, bool with_size) {
  if (with_size) {
    std::cout << std::setw(14) << entry.status.size << "  ";
  }
  std::cout << printable(entry.name, 4096) << (entry.status.is_folder() ? "/" : "") << '\n';
}

int list(const FsOptions& options) {
  for (const std::string& text : options.paths) {
    const StorePath path = path_of(text);
    const FileStatus found = required_status(path);
    if (!found.is_folder()) {
      show({path.text(), found}, options.flag);
      continue;
    }
    for (const Entry& entry : path.list()) {
      show(entry, options.flag);
    }
  }
  return 0;
}

int print(const FsOptions& options) {
  for (const std::string& text : options.paths) {
    const SourcePtr file = path_of(text).open();
    file->stream(0, file->size(), [](std::span<const char> piece) {
      std::cout.write(piece.data(), std::ssize(piece));
    });
  }
  std::cout << std::flush;
  return 0;
}

int copy(const FsOptions& options) {
  const StopSignal stop;
  const StorePath to = path_of(options.paths.back());
  for (std::size_t i = 0; i + 1 < options.paths.size(); ++i) {
    const StorePath from = path_of(options.paths[i]);
    if (from.is_folder() && !options.flag) {
      fail(from, "a file", "a folder", "Copy it with --recursive.");
    }
    if (options.paths.size() > 2 && !to.is_folder()) {
      fail(to, "a folder for several files", to.exists() ? "a file" : "nothing there",
           "Make it with dga fs mkdir.");
    }
    const StorePath target = target_of(from, to);
    if (from.canonical() == target.canonical()) {
      fail(target, "another file than the source", "the same", "Choose another name.");
    }
    CopyBar bar(from);
    copy_tree(from, target, [&](std::int64_t bytes) {
      if (StopSignal::requested()) {  // the writer takes back what it has written of this file
        throw Interrupted(str("[storage] ", printable(target.text(), 4096),
                              ": stopped by a signal before the copy was whole. Copy it again."));
      }
      bar.add(bytes);
    });
  }
  return 0;
}

int move(const FsOptions& options) {
  const StorePath from = path_of(options.paths.at(0));
  required_status(from);
  const StorePath to = target_of(from, path_of(options.paths.at(1)));
  if (to.canonical().starts_with(from.canonical() + "/")) {
    fail(to, "a place outside the folder that is moved", "one in it", "Choose another one.");
  }
  from.rename(to);
  return 0;
}

int remove(const FsOptions& options) {
  for (const std::string& text : options.paths) {
    // "link/" would be the folder that the link leads to.
    const std::size_t end = text.find_last_not_of('/');
    const StorePath path = path_of(end == std::string::npos ? text : text.substr(0, end + 1));
    const FileStatus found = required_status(path);
    if (found.is_folder() && !found.is_link && !options.flag) {
      fail(path, "a file", "a folder", "Remove it with --recursive.");
    }
    if (is_root(path) && !found.is_link) {
      fail(path, "a file or folder in a store", "the root of all", "Name what is to go.");
    }
    remove_tree(path);
  }
  return 0;
}

int describe(const FsOptions& options) {
  for (const std::string& text : options.paths) {
    const StorePath path = path_of(text);
    const FileStatus found = required_status(path);
    std::cout << "path       " << printable(path.text(), 4096) << '\n'
              << "kind       "
              << (found.is_file()     ? "file"
                  : found.is_folder() ? "folder"
                                      : found.nature)
              << '\n'
              << "bytes      " << found.size << '\n';
  }
  return 0;
}

int make(const FsOptions& options) {
  for (const std::string& text : options.paths) {
    const StorePath path = path_of(text);
    if (options.flag) {
      make_folders(path);
    } else if (!path.parent().is_folder()) {
      const bool is_there = path.parent().exists();
      fail(path.parent(), "a folder", is_there ? "a file" : "none",
           is_there ? "Choose another name." : "Make it too, with --parents.");
    } else if (!path.make_folder()) {
      fail(path, "nothing", "something of that name", "Choose another name.");
    }
  }
  return 0;
}

int verify(const std::string& text) {
  const StorePath path = path_of(text);
  if (!required_status(path).is_folder()) {
    fail(path, "the folder of a run or dataset", "a file", "Name the folder that it is in.");
  }
  const CheckedFolder folder(path.text());
  if (!folder.manifest()) {
    fail(path, "a folder with a manifest.json", "none",
         "Name the folder of a run that has ended, or one that dga data wrote; those of older "
         "versions have no manifest.");
  }
  std::int64_t bytes = 0;
  std::size_t damaged = 0;
  for (const auto& [name, sum] : folder.manifest()->files) {
    try {
      folder.file(name)->check();
      bytes += sum.bytes;
    } catch (const StorageError& error) {
      ++damaged;
      std::cerr << str("dga: ", one_line(error.what()), '\n') << std::flush;
    }
  }
  if (damaged > 0) {
    return 1;
  }
  std::cout << "OK " << folder.manifest()->files.size() << " files, " << bytes << " bytes\n";
  return 0;
}

using Act = int (*)(const FsOptions&);

Action with_paths(CLI::App& app, const char* names, const char* help, int least, Act act,
                  const char* flag = nullptr, const char* flag_help = "") {
  const auto options = std::make_shared<FsOptions>();
  app.add_option(names, options->paths, help)->required()->expected(least, 10'000)->type_name("…");
  if (flag != nullptr) {
    app.add_flag(flag, options->flag, flag_help);
  }
  return [options, act] { return act(*options); };
}

}  // namespace

Action add_fs_ls(CLI::App& app) {
  return with_paths(app, "PATH", "Folders and files, as paths or URIs.", 1, list, "-l,--long",
                    "With the size of each file in bytes.");
}

Action add_fs_cat(CLI::App& app) {
  return with_paths(app, "PATH", "Files, as paths or URIs.", 1, print);
}

Action add_fs_cp(CLI::App& app) {
  return with_paths(app, "PATH",
                    "What to copy, then where to: a new name, a file to replace, or a folder. Each "
                    "may be in another store.",
                    2, copy, "-r,--recursive", "Copy folders with all that is in them.");
}

Action add_fs_mv(CLI::App& app) {
  const auto options = std::make_shared<FsOptions>();
  app.add_option("PATH", options->paths,
                 "A file or folder, then its new name, or the folder to move it to, in the same "
                 "store.")
      ->required()
      ->expected(2)
      ->type_name("…");
  return [options] { return move(*options); };
}

Action add_fs_rm(CLI::App& app) {
  return with_paths(app, "PATH", "Files and folders, as paths or URIs.", 1, remove,
                    "-r,--recursive", "Remove folders with all that is in them.");
}

Action add_fs_stat(CLI::App& app) {
  return with_paths(app, "PATH", "Files and folders, as paths or URIs.", 1, describe);
}

Action add_fs_mkdir(CLI::App& app) {
  return with_paths(app, "PATH", "Folders to make, as paths or URIs.", 1, make, "-p,--parents",
                    "Also the folders that contain it; folders that are there are fine.");
}

Action add_fs_verify(CLI::App& app) {
  const auto folder = std::make_shared<std::string>();
  app.add_option("FOLDER", *folder, "The folder of a run or a dataset, as a path or URI.")
      ->required()
      ->type_name("DIR");
  return [folder] { return verify(*folder); };
}

}  // namespace dga
