# SPDX-License-Identifier: Apache-2.0
#
# Everything dga links to. Targets that are missing stop the configuration, except where an option says AUTO;
# afterwards DGA_MPI and DGA_TESTS are ON or OFF, and DGA_MPI_TARGET is what links MPI, or empty.

# Inside another project its targets link dga's archives, and so must see what those link to.
if(NOT PROJECT_IS_TOP_LEVEL)
  set(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL ON)
endif()

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED COMPONENTS Crypto)
find_package(ZLIB REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(hwloc REQUIRED IMPORTED_TARGET GLOBAL hwloc>=2.0)

set(DGA_MPI_TARGET "")
if(NOT DGA_MPI STREQUAL "OFF")
  # The C interface only: Open MPI's C++ bindings are long deprecated and do not survive -Wextra.
  set(MPI_CXX_SKIP_MPICXX TRUE)
  find_package(MPI 3.0 COMPONENTS CXX)
  if(MPI_CXX_FOUND)
    set(DGA_MPI ON)
    set(DGA_MPI_TARGET MPI::MPI_CXX)
  elseif(DGA_MPI STREQUAL "AUTO")
    set(DGA_MPI OFF)
  else()
    message(FATAL_ERROR "[cmake] DGA_MPI=ON: expected an MPI 3, found none. Run scripts/setup, load your cluster's MPI "
                        "module, or pass -DDGA_MPI=OFF.")
  endif()
endif()

if(DGA_TORCH)
  find_package(DgaTorch 2.7 REQUIRED)
  find_package(CLI11 REQUIRED)
endif()

if(NOT DGA_TESTS STREQUAL "OFF")
  if(DGA_TESTS STREQUAL "AUTO" AND NOT PROJECT_IS_TOP_LEVEL)
    set(DGA_TESTS OFF)
  else()
    find_package(GTest QUIET)
    if(GTest_FOUND)
      set(DGA_TESTS ON)
    elseif(DGA_TESTS STREQUAL "AUTO")
      set(DGA_TESTS OFF)
    else()
      message(FATAL_ERROR "[cmake] DGA_TESTS=ON: expected GoogleTest, found none. Run scripts/setup test.")
    endif()
  endif()
endif()

message(STATUS "dga: MPI ${DGA_MPI}, torch ${DGA_TORCH} ${DgaTorch_VERSION}, tests ${DGA_TESTS}")
