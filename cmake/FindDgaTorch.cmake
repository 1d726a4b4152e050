# SPDX-License-Identifier: Apache-2.0
#
# DgaTorch::torch, the CPU side of a LibTorch: torch's own package insists on the CUDA toolkit wherever the wheel was
# built with it. Which torch: -DDGA_TORCH_DIR=…, else what scripts/find_torch prints, else DGA_TORCH_LAST_RESORT. Sets
# DgaTorch_FOUND, DgaTorch_VERSION and DGA_TORCH_FOUND_DIR. Installed, find_torch lies beside this file.

set(DGA_TORCH_DIR "" CACHE PATH "The folder of the torch to build against; empty: scripts/find_torch looks for one")
set(_dga_torch_dir "${DGA_TORCH_DIR}")
if(NOT _dga_torch_dir)
  set(_dga_find_torch "${CMAKE_CURRENT_LIST_DIR}/find_torch")
  if(NOT EXISTS "${_dga_find_torch}")
    set(_dga_find_torch "${CMAKE_CURRENT_LIST_DIR}/../scripts/find_torch")
  endif()
  execute_process(
    COMMAND "${_dga_find_torch}"
    OUTPUT_VARIABLE _dga_torch_dir OUTPUT_STRIP_TRAILING_WHITESPACE
    RESULT_VARIABLE _dga_torch_answer
    ERROR_VARIABLE _dga_torch_error ERROR_STRIP_TRAILING_WHITESPACE)
  if(_dga_torch_error)
    message(STATUS "${_dga_torch_error}")
  endif()
  # 2: a torch was named and does not serve; another one in its place would surprise.
  if(NOT _dga_torch_dir AND NOT _dga_torch_answer EQUAL 2)
    set(_dga_torch_dir "${DGA_TORCH_LAST_RESORT}")
  endif()
endif()
set(DGA_TORCH_FOUND_DIR "${_dga_torch_dir}")

# find_library would keep its first answer for ever; which torch is active may change from day to day.
set(DgaTorch_LIBRARY "")
set(DgaTorch_INCLUDE_DIR "")
set(DgaTorch_VERSION "")
if(_dga_torch_dir AND EXISTS "${_dga_torch_dir}/lib/libtorch_cpu.so" AND EXISTS "${_dga_torch_dir}/lib/libc10.so")
  set(DgaTorch_LIBRARY "${_dga_torch_dir}/lib/libtorch_cpu.so")
endif()
foreach(header IN ITEMS torch/headeronly/version.h torch/csrc/api/include/torch/version.h)
  if(_dga_torch_dir AND NOT DgaTorch_VERSION AND EXISTS "${_dga_torch_dir}/include/${header}")
    set(DgaTorch_INCLUDE_DIR "${_dga_torch_dir}/include")
    file(STRINGS "${_dga_torch_dir}/include/${header}" _dga_torch_lines
         REGEX "^#define TORCH_VERSION_(MAJOR|MINOR|PATCH) [0-9]+")
    list(TRANSFORM _dga_torch_lines REPLACE "^.* ([0-9]+)[ \t]*$" "\\1")
    list(JOIN _dga_torch_lines "." DgaTorch_VERSION)
  endif()
endforeach()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(
  DgaTorch
  REQUIRED_VARS DgaTorch_LIBRARY DgaTorch_INCLUDE_DIR
  VERSION_VAR DgaTorch_VERSION
  REASON_FAILURE_MESSAGE
    "\n  [cmake] DGA_TORCH_DIR='${_dga_torch_dir}': expected a LibTorch >= ${DgaTorch_FIND_VERSION}, found '${DgaTorch_VERSION}'. \
Run scripts/setup, or point DGA_TORCH_DIR at the folder 'torch' of a wheel or 'libtorch' of a zip.\n")

if(DgaTorch_FOUND AND NOT TARGET DgaTorch::torch)
  add_library(DgaTorch::c10 SHARED IMPORTED)
  set_target_properties(DgaTorch::c10 PROPERTIES IMPORTED_LOCATION "${_dga_torch_dir}/lib/libc10.so")
  # Not libtorch.so, which pulls CUDA in. What libtorch_cpu.so needs itself it finds by its own run path.
  add_library(DgaTorch::torch SHARED IMPORTED)
  set_target_properties(
    DgaTorch::torch
    PROPERTIES IMPORTED_LOCATION "${DgaTorch_LIBRARY}"
               INTERFACE_INCLUDE_DIRECTORIES
               "${DgaTorch_INCLUDE_DIR};${DgaTorch_INCLUDE_DIR}/torch/csrc/api/include"
               INTERFACE_LINK_LIBRARIES DgaTorch::c10)
  # Builds with the old string layout exist for some versions; every object that meets torch must agree with it.
  set(_dga_torch_config "${_dga_torch_dir}/share/cmake/Torch/TorchConfig.cmake")
  if(EXISTS "${_dga_torch_config}")
    file(STRINGS "${_dga_torch_config}" _dga_torch_lines REGEX "_GLIBCXX_USE_CXX11_ABI=0")
    if(_dga_torch_lines)
      message(FATAL_ERROR "[cmake] ${_dga_torch_dir}: expected a torch built with the C++11 ABI, found the old one. "
                          "Use a wheel or a LibTorch zip of 2.7 or newer.")
    endif()
  endif()
endif()
