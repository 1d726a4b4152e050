// SPDX-License-Identifier: Apache-2.0
//
// Measures MPI_Allreduce as `dga bench comm` measures dga:
//     mpi_all_reduce [MIN_BYTES MAX_BYTES [SECONDS_PER_SIZE]]
// Prints two header lines of the same form. Then it prints a line for each size, which doubles from
// line to line: bytes, median microseconds on rank 0, and gigabytes of the message per second.

#include <mpi.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "dga/base/clock.h"

namespace {

constexpr std::int64_t kLeastRepeats = 5;
constexpr std::int64_t kMostRepeats = 20000;

// The default error handler of MPI_COMM_WORLD ends the job, so the code is not checked.
double time_once(float* data, int count) {
  const double started = dga::now_seconds();
  MPI_Allreduce(MPI_IN_PLACE, data, count, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
  return dga::now_seconds() - started;
}

double time_size(float* data, int count, double seconds) {
  time_once(data, count);
  const double once = time_once(data, count);
  // Rank 0 decides, so that all ranks repeat equally often.
  std::int64_t repeats = std::clamp(static_cast<std::int64_t>(seconds / std::max(once, 1e-7)),
                                    kLeastRepeats, kMostRepeats);
  MPI_Bcast(&repeats, 1, MPI_INT64_T, 0, MPI_COMM_WORLD);
  std::vector<double> times;
  for (std::int64_t i = 0; i < repeats; ++i) {
    times.push_back(time_once(data, count));
  }
  const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
  std::nth_element(times.begin(), middle, times.end());
  return *middle;
}

}  // namespace

int main(int argc, char** argv) {
  const std::int64_t min_bytes = argc > 2 ? std::atoll(argv[1]) : 1 << 10;
  const std::int64_t max_bytes = argc > 2 ? std::atoll(argv[2]) : 128 << 20;
  const double seconds = argc > 3 ? std::atof(argv[3]) : 0.3;
  if (min_bytes < 4 || max_bytes < min_bytes || max_bytes > 1LL << 32 || seconds <= 0) {
    std::fprintf(stderr, "usage: mpi_all_reduce [MIN_BYTES MAX_BYTES [SECONDS_PER_SIZE]]\n");
    return 2;
  }
  MPI_Init(&argc, &argv);
  int rank = 0;
  int size = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  if (rank == 0) {
    std::printf("all_reduce f32 sum, %d ranks, MPI_Allreduce in place\n%12s %14s %10s\n", size,
                "bytes", "median us", "GB/s");
  }
  // Touches the pages. Sums of zeros stay zero.
  std::vector<float> data(static_cast<std::size_t>(max_bytes / 4), 0.0F);
  for (std::int64_t bytes = min_bytes; bytes <= max_bytes; bytes *= 2) {
    const double median = time_size(data.data(), static_cast<int>(bytes / 4), seconds);
    if (rank == 0) {
      std::printf("%12lld %14.2f %10.3f\n", static_cast<long long>(bytes), median * 1e6,
                  static_cast<double>(bytes) / median * 1e-9);
      std::fflush(stdout);
    }
  }
  MPI_Finalize();
  return 0;
}
