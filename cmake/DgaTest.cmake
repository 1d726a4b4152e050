# SPDX-License-Identifier: Apache-2.0
#
# How tests are registered with ctest. Labels: core (no torch), train, cli, lint, engines, hosts, install, examples.

set(DGA_TEST_TIMEOUT 120)
if(DGA_SANITIZE)
  set(DGA_TEST_TIMEOUT 600)
endif()

if(DGA_MPI)
  execute_process(COMMAND ${MPIEXEC_EXECUTABLE} --version OUTPUT_VARIABLE mpi_version ERROR_QUIET)
  if(NOT mpi_version MATCHES "Open MPI|OpenRTE")
    message(FATAL_ERROR " [cmake] DGA_TESTS=ON: expected Open MPI, whose mpirun the tests start, found another at "
                        "${MPIEXEC_EXECUTABLE}. Run scripts/setup test and remove build/, or pass -DDGA_MPI=OFF.")
  endif()
endif()

# As root (containers), with more ranks than cores, and where the kernel forbids one process to read another's memory.
set(DGA_MPIRUN ${MPIEXEC_EXECUTABLE} --allow-run-as-root --oversubscribe --mca mpi_yield_when_idle 1 --mca
               btl_vader_single_copy_mechanism none)
set(DGA_TEST_ENVIRONMENT "UBSAN_OPTIONS=print_stacktrace=1" "TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1"
                         "OMPI_MCA_btl_base_warn_component_unused=0")

# ThreadSanitizer of this g++ cannot start where the kernel spreads addresses widely (vm.mmap_rnd_bits above 28).
set(DGA_TEST_LAUNCHER "")
if(DGA_SANITIZE MATCHES "thread")
  # Arrow's libraries are not instrumented: what they do to order their threads is unknown to the sanitizer.
  list(APPEND DGA_TEST_ENVIRONMENT "GTEST_FILTER=-Parquet*")
  file(WRITE "${CMAKE_BINARY_DIR}/tsan_probe.cpp" "int main() {}\n")
  try_compile(
    DGA_TSAN_COMPILES "${CMAKE_BINARY_DIR}/tsan_probe" SOURCES "${CMAKE_BINARY_DIR}/tsan_probe.cpp"
    COMPILE_DEFINITIONS -fsanitize=thread
    LINK_OPTIONS -fsanitize=thread
    COPY_FILE "${CMAKE_BINARY_DIR}/tsan_probe/probe")
  execute_process(COMMAND "${CMAKE_BINARY_DIR}/tsan_probe/probe" RESULT_VARIABLE status OUTPUT_QUIET ERROR_QUIET)
  if(NOT status EQUAL 0)
    set(DGA_TEST_LAUNCHER setarch -R)
  endif()
endif()

add_custom_target(core_tests COMMENT "Everything that runs under the sanitizers")

# dga_register(NAME LABEL PROCESSORS COMMAND…): one ctest entry. An executable in which no test ran has failed.
function(dga_register name label processors)
  add_test(NAME ${name} COMMAND ${ARGN} WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
  set_tests_properties(
    ${name}
    PROPERTIES LABELS "${label}"
               TIMEOUT ${DGA_TEST_TIMEOUT}
               PROCESSORS ${processors}
               SKIP_RETURN_CODE 77
               FAIL_REGULAR_EXPRESSION "0 tests from 0 test suites ran;Ran 0 tests"
               ENVIRONMENT "${DGA_TEST_ENVIRONMENT}")
endfunction()

# dga_add_test_program(TARGET LABEL PLACE LINK…): bin/TARGET from tests/PLACE/*.cpp or tests/PLACE.cpp; none where there
# are no files.
function(dga_add_test_program target label place)
  file(GLOB sources CONFIGURE_DEPENDS ${place}/*.cpp ${place}.cpp)
  if(NOT DGA_IMAGES)
    list(FILTER sources EXCLUDE REGEX "/(images|image_folder)_test[.]cpp$")
  endif()
  if(NOT DGA_PARQUET)
    list(FILTER sources EXCLUDE REGEX "/parquet(_[a-z]+)?_test[.]cpp$")
  endif()
  if(NOT sources)
    return()
  endif()
  add_executable(${target} ${sources})
  dga_set_up_target(${target})
  target_link_libraries(${target} PRIVATE ${ARGN})
  dga_unite(${target} ${place})
  if(label STREQUAL "core")
    add_dependencies(core_tests ${target})
  endif()
endfunction()

# dga_add_room_tests(LABEL FLOOR ROOM…): for each room with tests, test_ROOM, registered as LABEL.ROOM.
function(dga_add_room_tests label floor)
  foreach(room IN LISTS ARGN)
    dga_add_test_program(test_${room} ${label} ${room} ${floor} GTest::gmock_main nlohmann_json::nlohmann_json
                         ZLIB::ZLIB)
    if(TARGET test_${room})
      dga_register(${label}.${room} ${label} 1 ${DGA_TEST_LAUNCHER} $<TARGET_FILE:test_${room}>)
    endif()
  endforeach()
endfunction()

# dga_add_engine_suite(NAME TARGET LABEL [CARRIERS] [FILTER tests] [THREADS n…] [PROCESSES n…] [MPI n…] [PER_NODE n…]): the
# same tests on every engine, as NAME.ENGINE.npWORKERS, with the worker counts named, all of them by default; CARRIERS: also
# with workers that run in turns. docs/testing.md says why a suite leaves some out. FILTER is GoogleTest's, so that suites of
# one program have counts of their own. TARGET takes --engine, --workers, --carriers and --ranks-per-node; over MPI it is
# started by mpirun. PER_NODE are the ranks that count as one node, out of 6. The sanitizers take those counts that both
# name, or the suite's smallest.
function(dga_add_engine_suite name target label)
  cmake_parse_arguments(PARSE_ARGV 3 SUITE "CARRIERS" "FILTER" "THREADS;PROCESSES;MPI;PER_NODE")
  set(all 1 2 3 4 7 30)
  set(sanitized_threads 1 3 4 7)
  set(sanitized_processes 1 3 4 7)
  set(sanitized_mpi 4)
  if(DGA_SANITIZE MATCHES "thread")
    set(sanitized_threads 1 2 4 7)
    set(sanitized_processes "")
  endif()
  foreach(engine IN ITEMS threads processes mpi)
    string(TOUPPER ${engine} key)
    set(${engine} ${SUITE_${key}})
    if(NOT ${engine})
      set(${engine} ${all})
    endif()
    if(DGA_SANITIZE)
      list(GET ${engine} 0 smallest)
      set(both "")
      foreach(n IN LISTS ${engine})
        if(n IN_LIST sanitized_${engine})
          list(APPEND both ${n})
        endif()
      endforeach()
      if(NOT both AND sanitized_${engine})
        set(both ${smallest})
      endif()
      set(${engine} ${both})
    endif()
  endforeach()
  if(NOT SUITE_PER_NODE)
    set(SUITE_PER_NODE 1 2 3)
  endif()

  get_target_property(sources ${target} SOURCES)
  set(main "${PROJECT_SOURCE_DIR}/tests/support/engine_main.cpp")
  if(NOT main IN_LIST sources)
    target_sources(${target} PRIVATE "${main}")
    if(DGA_MPI)
      target_compile_definitions(${target} PRIVATE DGA_WITH_MPI)
    endif()
  endif()
  set(program $<TARGET_FILE:${target}>)
  if(SUITE_FILTER)
    list(APPEND program "--gtest_filter=${SUITE_FILTER}")
  endif()
  if(SUITE_CARRIERS)
    # Workers that run in turns: 7 of them on 2 carriers.
    dga_register(${name}.threads.np7.carriers2 "${label};engines" 2 ${DGA_TEST_LAUNCHER} ${program} --engine=threads
                 --workers=7 --carriers=2)
    if(NOT DGA_SANITIZE MATCHES "thread")
      dga_register(${name}.processes.np7.carriers2 "${label};engines" 2 ${program} --engine=processes --workers=7
                   --carriers=2)
    endif()
    if(DGA_MPI AND NOT DGA_SANITIZE)
      dga_register(${name}.mpi.np7.carriers2 "${label};engines" 2 ${DGA_MPIRUN} -n 2 ${program} --engine=mpi --workers=7)
    endif()
  endif()
  foreach(engine IN ITEMS threads processes)
    foreach(n IN LISTS ${engine})
      dga_register(${name}.${engine}.np${n} "${label};engines" ${n} ${DGA_TEST_LAUNCHER} ${program} --engine=${engine}
                   --workers=${n})
    endforeach()
  endforeach()
  if(NOT DGA_MPI)
    return()
  endif()
  list(APPEND program --engine=mpi)
  foreach(n IN LISTS mpi)
    dga_register(${name}.mpi.np${n} "${label};engines" ${n} ${DGA_MPIRUN} -n ${n} ${program})
    # What Open MPI leaves allocated at exit is its own affair.
    set_property(TEST ${name}.mpi.np${n} APPEND PROPERTY ENVIRONMENT "ASAN_OPTIONS=detect_leaks=0")
  endforeach()
  if(NOT DGA_SANITIZE)
    foreach(per_node IN LISTS SUITE_PER_NODE)
      dga_register(${name}.mpi.np6.per_node${per_node} "${label};engines" 6 ${DGA_MPIRUN} -n 6 ${program}
                   --ranks-per-node=${per_node})
    endforeach()
    # Three hosts with their own network stack; skipped, and said so, where this machine cannot have any.
    dga_register(hosts.${name} "${label};engines;hosts" 6 "${PROJECT_SOURCE_DIR}/scripts/hosts" run 3 2 -- ${program})
  endif()
endfunction()

# dga_add_script_tests(LABEL PROCESSORS [PROPERTY VALUE]…): tests/LABEL/*_test.py, each a program of Python's unittest, as
# LABEL.FILE, with these properties of a test.
function(dga_add_script_tests label processors)
  file(GLOB scripts CONFIGURE_DEPENDS ${label}/*_test.py)
  if(NOT DGA_IMAGES)
    list(FILTER scripts EXCLUDE REGEX "/images_test[.]py$")
  endif()
  if(NOT DGA_PARQUET)
    list(FILTER scripts EXCLUDE REGEX "/parquet_test[.]py$")
  endif()
  string(JOIN " " mpirun ${DGA_MPIRUN})
  foreach(script IN LISTS scripts)
    cmake_path(GET script STEM name)
    string(REGEX REPLACE "_test$" "" name ${name})
    dga_register(${label}.${name} ${label} ${processors} python3 ${script} -v)
    set_property(
      TEST ${label}.${name} APPEND
      PROPERTY ENVIRONMENT "DGA_PROGRAM=${CMAKE_BINARY_DIR}/bin/dga" "DGA_BIN=${CMAKE_BINARY_DIR}/bin"
               "DGA_SOURCE=${PROJECT_SOURCE_DIR}" "DGA_MPI=${DGA_MPI}" "DGA_MPIRUN=${mpirun}"
               "PYTHONDONTWRITEBYTECODE=1")
    if(DGA_MPI)
      # As for the suites over MPI: what Open MPI leaves allocated at exit is its own affair.
      set_property(TEST ${label}.${name} APPEND PROPERTY ENVIRONMENT "ASAN_OPTIONS=detect_leaks=0")
    endif()
    set_tests_properties(${label}.${name} PROPERTIES TIMEOUT 300 ${ARGN})
  endforeach()
endfunction()
