# SPDX-License-Identifier: Apache-2.0
#
# How dga's targets are compiled, and the function that makes a floor out of rooms.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
# The Python module will be a shared library over the same archives.
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
if(NOT CMAKE_BUILD_TYPE AND PROJECT_IS_TOP_LEVEL)
  set(CMAKE_BUILD_TYPE Release)
endif()

if(PROJECT_IS_TOP_LEVEL AND NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(DGA_CCACHE ccache)
  if(DGA_CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER "${DGA_CCACHE}")
    # Sources that were generated have the same name in every build tree, so that the Python package's build finds the
    # objects of the program's.
    if(NOT DEFINED ENV{CCACHE_BASEDIR})
      list(PREPEND CMAKE_CXX_COMPILER_LAUNCHER env "CCACHE_BASEDIR=${CMAKE_BINARY_DIR}")
    endif()
  endif()
endif()

# A newcomer's compiler may know warnings that no check of the project's has seen.
if(DGA_WERROR STREQUAL "AUTO")
  set(DGA_WERROR OFF)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION MATCHES "^12[.]")
    set(DGA_WERROR ON)
  endif()
endif()

# Warnings live on a target, never in CMAKE_CXX_FLAGS. Two that are off accuse g++ 12's own headers; clang-tidy
# and the sanitizers look for the same faults. The third takes a source that dga_unite includes for a header.
add_library(dga_warnings INTERFACE)
target_compile_options(
  dga_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion
                         $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict;-Wno-maybe-uninitialized;-Wno-subobject-linkage> -Wnon-virtual-dtor -Woverloaded-virtual $<$<BOOL:${DGA_WERROR}>:-Werror>)

# What every object needs, tests included. No fused multiply-adds behind our back: the same sources must give
# the same bits on every engine, whatever the optimiser makes of a loop.
add_library(dga_flags INTERFACE)
target_compile_options(dga_flags INTERFACE -ffp-contract=off)
if(DGA_SANITIZE)
  target_compile_options(dga_flags INTERFACE -fsanitize=${DGA_SANITIZE} -fno-sanitize-recover=all
                                             -fno-omit-frame-pointer)
  target_link_options(dga_flags INTERFACE -fsanitize=${DGA_SANITIZE})
endif()

# dga_set_up_target(TARGET): the flags, warnings and facts that every target of dga's gets.
function(dga_set_up_target target)
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_include_directories(${target} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>)
  target_link_libraries(${target} PUBLIC $<BUILD_INTERFACE:dga_flags> PRIVATE $<BUILD_INTERFACE:dga_warnings>)
endfunction()

# Sources that define, in an unnamed namespace, a name that another one of their room defines too.
set(DGA_COMPILED_ALONE run_results.cpp safetensors.cpp)

# dga_unite(TARGET FOLDER): compiles TARGET's sources of that folder by the dozen, unless DGA_UNITY is off: most of the time
# goes into torch's headers, and these are read once for all of them. So names in unnamed namespaces differ within a room.
function(dga_unite target folder)
  if(NOT DGA_UNITY)
    return()
  endif()
  cmake_path(GET folder FILENAME name)
  get_target_property(all ${target} SOURCES)
  set(sources "")
  foreach(source IN LISTS all)
    cmake_path(RELATIVE_PATH source BASE_DIRECTORY "${PROJECT_SOURCE_DIR}" OUTPUT_VARIABLE relative)
    if(relative MATCHES "^(dga|tests)/${name}/")
      list(APPEND sources "${source}")
    endif()
  endforeach()
  foreach(alone IN LISTS DGA_COMPILED_ALONE)
    list(FILTER sources EXCLUDE REGEX "/${alone}$")
  endforeach()
  list(LENGTH sources count)
  math(EXPR groups "(${count} + 11) / 12")
  set(index 0)
  foreach(source IN LISTS sources)
    math(EXPR group "${index} * ${groups} / ${count}")
    set_source_files_properties("${source}" PROPERTIES UNITY_GROUP "${name}_${group}")
    math(EXPR index "${index} + 1")
  endforeach()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
endfunction()

# dga_room_sources(OUT ROOM…): the sources of these rooms. A backend B that is found adds B.cpp, B_*.cpp and B/*.cpp; one
# that is missing adds its stub no_B.cpp instead, so that no source tests for backends.
function(dga_room_sources out)
  set(sources "")
  foreach(room IN LISTS ARGN)
    file(GLOB_RECURSE found CONFIGURE_DEPENDS RELATIVE "${PROJECT_SOURCE_DIR}" "${PROJECT_SOURCE_DIR}/dga/${room}/*.cpp")
    list(APPEND sources ${found})
  endforeach()
  foreach(backend IN ITEMS MPI HDFS IMAGES PARQUET)
    string(TOLOWER ${backend} name)
    if(DGA_${backend})
      list(FILTER sources EXCLUDE REGEX "/no_${name}[.]cpp$")
    else()
      list(FILTER sources EXCLUDE REGEX "/${name}(_[^/]*)?[.]cpp$|/${name}/")
    endif()
  endforeach()
  set(${out} ${sources} PARENT_SCOPE)
endfunction()

# dga_add_floor(dga_NAME ROOMS room…): the static library dga_NAME, also called dga::NAME; nothing while its rooms are empty.
function(dga_add_floor target)
  cmake_parse_arguments(PARSE_ARGV 1 FLOOR "" "" "ROOMS")
  dga_room_sources(sources ${FLOOR_ROOMS})
  if(NOT sources)
    return()
  endif()
  list(TRANSFORM sources PREPEND "${PROJECT_SOURCE_DIR}/")
  add_library(${target} STATIC ${sources})
  string(REPLACE "dga_" "dga::" alias ${target})
  add_library(${alias} ALIAS ${target})
  dga_set_up_target(${target})
  foreach(room IN LISTS FLOOR_ROOMS)
    dga_unite(${target} ${room})
  endforeach()
  target_compile_definitions(
    ${target} PRIVATE DGA_VERSION="${PROJECT_VERSION}" DGA_BUILD_TYPE="${CMAKE_BUILD_TYPE}"
                      DGA_SANITIZE="${DGA_SANITIZE}")
endfunction()
