# SPDX-License-Identifier: Apache-2.0
#
# Everything dga links to. What dga cannot do without is asked for in one line that names all that is missing. What it
# can do without counts as absent unless all of it is there, and a line says so. Afterwards DGA_MPI, DGA_HDFS, DGA_IMAGES and DGA_TESTS are
# ON or OFF, and DGA_MPI_TARGET is what links MPI, or empty. Messages begin with a space so that CMake leaves them on
# one line; scripts/configure shows those with [cmake].

# Inside another project its targets link dga's archives, and so must see what those link to.
if(NOT PROJECT_IS_TOP_LEVEL)
  set(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL ON)
endif()

# dga_require(WHAT FOUND…): WHAT, a library with Debian's name for it, is missing unless all variables FOUND are true.
set(_dga_missing "")
macro(dga_require what)
  foreach(_dga_found IN ITEMS ${ARGN})
    if(NOT ${_dga_found})
      list(APPEND _dga_missing "${what}")
      break()
    endif()
  endforeach()
endmacro()

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 QUIET COMPONENTS Crypto)
dga_require("OpenSSL 3.0 (libssl-dev)" OPENSSL_FOUND)
find_package(ZLIB QUIET)
dga_require("zlib (zlib1g-dev)" ZLIB_FOUND)
find_package(spdlog QUIET)
dga_require("spdlog (libspdlog-dev)" spdlog_FOUND)
find_package(nlohmann_json 3.11 QUIET)
dga_require("nlohmann-json 3.11 (nlohmann-json3-dev)" nlohmann_json_FOUND)
find_package(tomlplusplus QUIET)
dga_require("toml++ (libtomlplusplus-dev)" tomlplusplus_FOUND)
find_package(PkgConfig QUIET)
dga_require("pkg-config (pkg-config)" PKG_CONFIG_FOUND)
if(PKG_CONFIG_FOUND)
  pkg_check_modules(hwloc QUIET IMPORTED_TARGET GLOBAL hwloc>=2.0)
  # The description may be there without the header.
  unset(DGA_HWLOC_HEADER CACHE)
  find_path(DGA_HWLOC_HEADER hwloc.h HINTS ${hwloc_INCLUDE_DIRS})
  mark_as_advanced(DGA_HWLOC_HEADER)
  dga_require("hwloc 2.0 with its headers (libhwloc-dev)" hwloc_FOUND DGA_HWLOC_HEADER)
  pkg_check_modules(libzip QUIET IMPORTED_TARGET GLOBAL libzip>=1.7)
  dga_require("libzip 1.7 (libzip-dev)" libzip_FOUND)
  pkg_check_modules(libzstd QUIET IMPORTED_TARGET GLOBAL libzstd>=1.4)
  dga_require("zstd 1.4 (libzstd-dev)" libzstd_FOUND)
endif()
# Only its header is used, so nothing links it. XXH3 has been final since 0.8.
find_path(DGA_XXHASH_HEADER xxhash.h)
mark_as_advanced(DGA_XXHASH_HEADER)
set(_dga_xxhash_version "")
if(DGA_XXHASH_HEADER)
  file(STRINGS "${DGA_XXHASH_HEADER}/xxhash.h" _dga_xxhash_version REGEX "define XXH_VERSION_MINOR +([89]|[1-9][0-9])")
endif()
dga_require("xxHash 0.8 (libxxhash-dev)" _dga_xxhash_version)
if(DGA_TORCH)
  find_package(CLI11 QUIET)
  dga_require("CLI11 (libcli11-dev)" CLI11_FOUND)
endif()
if(_dga_missing)
  list(JOIN _dga_missing ", " _dga_missing)
  message(FATAL_ERROR " [cmake] expected libraries that dga needs, found no ${_dga_missing}. Run scripts/setup, or "
                      "install them in your system's way; in brackets stand Debian's names.")
endif()

set(DGA_MPI_TARGET "")
if(NOT DGA_MPI STREQUAL "OFF")
  # The C interface only: Open MPI's C++ bindings are long deprecated and do not survive -Wextra.
  set(MPI_CXX_SKIP_MPICXX TRUE)
  find_package(MPI 3.0 QUIET COMPONENTS CXX)
  set(_dga_found_of_mpi "none")
  foreach(part IN ITEMS MPI_CXX_COMPILER MPIEXEC_EXECUTABLE MPI_CXX_HEADER_DIR)
    if(${part})
      set(_dga_found_of_mpi "only a part of one (${${part}})")
      break()
    endif()
  endforeach()
  if(MPI_CXX_FOUND)
    set(DGA_MPI ON)
    set(DGA_MPI_TARGET MPI::MPI_CXX)
  elseif(DGA_MPI STREQUAL "AUTO")
    set(DGA_MPI OFF)
    message(STATUS "[cmake] the engine mpi is left out: expected an MPI 3 with headers and library, found "
                   "${_dga_found_of_mpi}. Install libopenmpi-dev or load your cluster's MPI module to have it.")
  else()
    message(FATAL_ERROR " [cmake] DGA_MPI=ON: expected an MPI 3 with headers and library, found ${_dga_found_of_mpi}. "
                        "Run scripts/setup, load your cluster's MPI module, or pass -DDGA_MPI=OFF.")
  endif()
endif()

set(DGA_HDFS_TARGET "")
if(NOT DGA_HDFS STREQUAL "OFF")
  pkg_check_modules(libcurl QUIET IMPORTED_TARGET GLOBAL libcurl>=7.85)
  if(libcurl_FOUND)
    set(DGA_HDFS ON)
    set(DGA_HDFS_TARGET PkgConfig::libcurl)
  elseif(DGA_HDFS STREQUAL "AUTO")
    set(DGA_HDFS OFF)
    message(STATUS "[cmake] files in HDFS are left out: expected libcurl 7.85 with its headers, found none. Install "
                   "libcurl4-openssl-dev to have them.")
  else()
    message(FATAL_ERROR " [cmake] DGA_HDFS=ON: expected libcurl 7.85 with its headers, found none. Run scripts/setup, or "
                        "pass -DDGA_HDFS=OFF.")
  endif()
endif()

set(DGA_IMAGES_TARGETS "")
if(NOT DGA_IMAGES STREQUAL "OFF")
  # 2.1 is the first that limits the scans of progressive files.
  pkg_check_modules(libturbojpeg QUIET IMPORTED_TARGET GLOBAL libturbojpeg>=2.1)
  pkg_check_modules(spng QUIET IMPORTED_TARGET GLOBAL spng>=0.7)
  if(libturbojpeg_FOUND AND spng_FOUND)
    set(DGA_IMAGES ON)
    set(DGA_IMAGES_TARGETS PkgConfig::libturbojpeg PkgConfig::spng)
  elseif(DGA_IMAGES STREQUAL "AUTO")
    set(DGA_IMAGES OFF)
    message(STATUS "[cmake] image folders are left out: expected libjpeg-turbo 2.1 and libspng 0.7 with their headers, "
                   "found not both. Install libturbojpeg0-dev and libspng-dev to have them.")
  else()
    message(FATAL_ERROR " [cmake] DGA_IMAGES=ON: expected libjpeg-turbo 2.1 and libspng 0.7 with their headers, found not "
                        "both. Run scripts/setup, or pass -DDGA_IMAGES=OFF.")
  endif()
endif()

if(DGA_TORCH)
  find_package(DgaTorch 2.7 REQUIRED)
endif()

if(NOT DGA_TESTS STREQUAL "OFF")
  find_package(GTest QUIET)
  set(_dga_found_of_gtest "none")
  if(GTest_FOUND)
    set(_dga_found_of_gtest "GoogleTest alone")
  endif()
  if(TARGET GTest::gmock AND TARGET GTest::gmock_main)
    set(DGA_TESTS ON)
  elseif(DGA_TESTS STREQUAL "AUTO")
    set(DGA_TESTS OFF)
    message(STATUS "[cmake] the tests are left out: expected GoogleTest with GoogleMock, found ${_dga_found_of_gtest}. "
                   "Install libgtest-dev and libgmock-dev to have them.")
  else()
    message(FATAL_ERROR " [cmake] DGA_TESTS=ON: expected GoogleTest with GoogleMock, found ${_dga_found_of_gtest}. Run "
                        "scripts/setup test, or pass -DDGA_TESTS=OFF.")
  endif()
endif()

message(STATUS "dga: MPI ${DGA_MPI}, HDFS ${DGA_HDFS}, images ${DGA_IMAGES}, torch ${DGA_TORCH} ${DgaTorch_VERSION}, tests ${DGA_TESTS}")
