// SPDX-License-Identifier: Apache-2.0
//
// A library to preload (LD_PRELOAD): each write to a file of tensors of a checkpoint first waits,
// so that training goes on meanwhile. DGA_SLOW_WRITE_MS says how long.

#include <dlfcn.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>

namespace {

bool is_tensor_file(int descriptor) {
  char path[4096];
  const std::string link = "/proc/self/fd/" + std::to_string(descriptor);
  const ssize_t size = readlink(link.c_str(), path, sizeof path);
  return size > 0 && std::string_view(path, static_cast<std::size_t>(size)).find("/.shard-") !=
                         std::string::npos;
}

}  // namespace

extern "C" ssize_t write(int descriptor, const void* bytes, size_t count) {
  using Write = ssize_t (*)(int, const void*, size_t);
  static const auto next = reinterpret_cast<Write>(dlsym(RTLD_NEXT, "write"));
  const char* wait = std::getenv("DGA_SLOW_WRITE_MS");
  if (wait != nullptr && is_tensor_file(descriptor)) {
    std::this_thread::sleep_for(std::chrono::milliseconds(std::atoi(wait)));
  }
  return next(descriptor, bytes, count);
}
