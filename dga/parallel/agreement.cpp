// SPDX-License-Identifier: Apache-2.0

#include "dga/parallel/agreement.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "dga/base/error.h"
#include "dga/base/exception_text.h"
#include "dga/base/random.h"
#include "dga/comm/texts.h"

namespace dga {
namespace {

/// The text of worker `root`.
std::string text_of(const Communicator& workers, std::string text, int root) {
  broadcast_text(workers, text, root);
  return text;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

}  // namespace

void require_same_lines(const Communicator& workers, const std::vector<std::string>& lines,
                        std::string_view what, std::string_view remedy) {
  std::string text;
  for (const std::string& line : lines) {
    text += line + '\n';
  }
  // If all workers agree, comparing eight bytes of each is enough.
  const auto digest = static_cast<std::int64_t>(stream_key(lines.size(), text));
  std::vector<std::int64_t> digests(static_cast<std::size_t>(workers.size()));
  workers.all_gather({&digest, 1}, {digests.data(), workers.size()}, {}, "digest");
  const auto other = std::find_if(digests.begin(), digests.end(),
                                  [&](std::int64_t theirs) { return theirs != digests.front(); });
  if (other == digests.end()) {
    return;
  }
  const auto worker = static_cast<int>(other - digests.begin());
  const auto expected = lines_of(text_of(workers, text, 0));
  const auto found = lines_of(text_of(workers, text, worker));
  const std::size_t common = std::min(expected.size(), found.size());
  const auto at = static_cast<std::size_t>(
      std::mismatch(expected.begin(), expected.begin() + static_cast<std::ptrdiff_t>(common),
                    found.begin())
          .first -
      expected.begin());
  const auto line = [&](const std::vector<std::string>& all) {
    return at < all.size() ? "'" + all[at] + "'" : std::string("nothing more");
  };
  throw InvalidArgument(str("[parallel] ", what, ": expected ", line(expected),
                            " as on worker 0, found ", line(found), " on worker ", worker, ". ",
                            remedy));
}

std::string text_of_failure(const std::function<void()>& work) {
  try {
    work();
    return {};
  } catch (const WorkerFailure&) {
    throw;
  } catch (const std::exception& error) {
    const std::string text = exception_text(error);
    return text.empty() ? "an exception without a text" : text;
  } catch (...) {
    return "an exception that is no std::exception";
  }
}

void run_agreed(const Communicator& workers, const std::function<void()>& work) {
  const std::string text = first_text(workers, text_of_failure(work));
  if (!text.empty()) {
    throw InvalidArgument(text);
  }
}

}  // namespace dga
