# SPDX-License-Identifier: Apache-2.0
#
# DgaArrow::parquet, Arrow's library for Parquet files. From -DDGA_ARROW_DIR=…, the folder pyarrow of a wheel that
# scripts/private_parquet has prepared; else from CMake's packages Arrow and Parquet, as conda and Arrow's repositories for
# distributions install them; else from the wheel in .deps/arrow; else from DGA_ARROW_LAST_RESORT. If DGA_ARROW_MAJOR is set,
# only that major version serves: the names of the libraries and their layout change with it. Sets DgaArrow_FOUND,
# DgaArrow_VERSION, DGA_ARROW_WHEEL (the folder, if it is a wheel) and DGA_ARROW_PARTS (what was found instead).

set(DGA_ARROW_DIR "" CACHE PATH "The folder pyarrow of a wheel with Arrow's libraries; empty: looked for")
set(DgaArrow_FOUND OFF)
set(DGA_ARROW_WHEEL "")
set(DGA_ARROW_PARTS "none")

# _dga_arrow_serves(OUT VERSION): whether Arrow of that version does.
function(_dga_arrow_serves out version)
  string(REGEX MATCH "^[0-9]+" major "${version}")
  set(serves ON)
  if(version VERSION_LESS DgaArrow_FIND_VERSION OR (DGA_ARROW_MAJOR AND NOT major STREQUAL DGA_ARROW_MAJOR))
    set(serves OFF)
  endif()
  set(${out} ${serves} PARENT_SCOPE)
endfunction()

if(TARGET DgaArrow::parquet)
  set(DgaArrow_FOUND ON)
elseif(NOT DGA_ARROW_DIR)
  # Without a version: Arrow's packages take it for one that must have the same major number.
  find_package(Arrow CONFIG QUIET)
  find_package(Parquet CONFIG QUIET)
  if(Arrow_FOUND)
    _dga_arrow_serves(_dga_serves "${Arrow_VERSION}")
    if(_dga_serves AND TARGET Arrow::arrow_shared AND TARGET Parquet::parquet_shared)
      add_library(DgaArrow::parquet INTERFACE IMPORTED)
      set_target_properties(DgaArrow::parquet PROPERTIES INTERFACE_LINK_LIBRARIES
                                                         "Parquet::parquet_shared;Arrow::arrow_shared")
      set(DgaArrow_VERSION "${Arrow_VERSION}")
      set(DgaArrow_FOUND ON)
    elseif(_dga_serves)
      set(DGA_ARROW_PARTS "Arrow ${Arrow_VERSION} alone")
    else()
      set(DGA_ARROW_PARTS "Arrow ${Arrow_VERSION}")
    endif()
  endif()
endif()

if(NOT DgaArrow_FOUND)
  file(GLOB _dga_arrow_dirs "${CMAKE_CURRENT_LIST_DIR}/../.deps/arrow/lib/python3*/site-packages/pyarrow")
  if(DGA_ARROW_DIR)
    set(_dga_arrow_dirs "${DGA_ARROW_DIR}")
  endif()
  foreach(_dga_arrow_dir IN LISTS _dga_arrow_dirs DGA_ARROW_LAST_RESORT)
    cmake_path(NORMAL_PATH _dga_arrow_dir)
    # A wheel has its libraries only under the names with their numbers, and no description for CMake. Its libparquet
    # exports an OpenSSL; scripts/private_parquet has made a copy that does not.
    file(GLOB _dga_arrow "${_dga_arrow_dir}/libarrow.so.*")
    set(_dga_parquet "${_dga_arrow_dir}/libdga_pqt.so")
    set(_dga_arrow_header "${_dga_arrow_dir}/include/arrow/util/config.h")
    if(NOT _dga_arrow OR NOT EXISTS "${_dga_parquet}" OR NOT EXISTS "${_dga_arrow_header}"
       OR NOT EXISTS "${_dga_arrow_dir}/include/parquet/file_reader.h")
      if(EXISTS "${_dga_arrow_dir}")
        set(DGA_ARROW_PARTS "only a part of a wheel in ${_dga_arrow_dir}")
      endif()
      continue()
    endif()
    file(STRINGS "${_dga_arrow_header}" _dga_arrow_line REGEX "^#define ARROW_VERSION_STRING ")
    string(REGEX REPLACE "^.*\"(.*)\".*$" "\\1" DgaArrow_VERSION "${_dga_arrow_line}")
    _dga_arrow_serves(_dga_serves "${DgaArrow_VERSION}")
    if(NOT _dga_serves)
      set(DGA_ARROW_PARTS "Arrow ${DgaArrow_VERSION} in ${_dga_arrow_dir}")
      continue()
    endif()
    list(GET _dga_arrow 0 _dga_arrow)
    add_library(DgaArrow::arrow SHARED IMPORTED)
    set_target_properties(DgaArrow::arrow PROPERTIES IMPORTED_LOCATION "${_dga_arrow}" INTERFACE_INCLUDE_DIRECTORIES
                                                                                    "${_dga_arrow_dir}/include")
    add_library(DgaArrow::parquet SHARED IMPORTED)
    set_target_properties(DgaArrow::parquet PROPERTIES IMPORTED_LOCATION "${_dga_parquet}" INTERFACE_LINK_LIBRARIES
                                                                                        DgaArrow::arrow)
    set(DGA_ARROW_WHEEL "${_dga_arrow_dir}")
    set(DgaArrow_FOUND ON)
    break()
  endforeach()
endif()
