# SPDX-License-Identifier: Apache-2.0
#
# What `cmake --install` puts where, and how other projects find it: the CMake package dga with the targets dga::core
# and dga::train, pkg-config's dga-core and dga-train, and the program. docs/using_as_a_dependency.md tells users.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/dga")

# dga_install_floor(NAME): the target dga::NAME, in a file of its own, so that the core can be had without torch.
function(dga_install_floor name)
  set_target_properties(dga_${name} PROPERTIES EXPORT_NAME ${name})
  target_include_directories(dga_${name} INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  install(
    TARGETS dga_${name} EXPORT dga_${name} ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}"
    FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
  install(EXPORT dga_${name} NAMESPACE dga:: FILE dga_${name}.cmake DESTINATION "${package_dir}")
  configure_file("${PROJECT_SOURCE_DIR}/cmake/dga-${name}.pc.in" "${PROJECT_BINARY_DIR}/dga-${name}.pc" @ONLY)
  install(FILES "${PROJECT_BINARY_DIR}/dga-${name}.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
endfunction()

# pkg-config finds the prefix from where its file lies, and has no targets: what links MPI, as flags.
file(RELATIVE_PATH DGA_PC_PREFIX "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
cmake_path(SET DGA_PC_PREFIX NORMALIZE "${DGA_PC_PREFIX}")
set(DGA_PC_HDFS "")
if(DGA_HDFS)
  set(DGA_PC_HDFS " libcurl >= 7.85 pugixml >= 1.11 libisal >= 2.30")
endif()
set(DGA_PC_IMAGES "")
if(DGA_IMAGES)
  set(DGA_PC_IMAGES " libturbojpeg >= 2.1 spng >= 0.7")
endif()
# A wheel has no description for pkg-config.
set(DGA_PC_PARQUET "")
set(DGA_PC_PARQUET_LIBS "")
if(DGA_ARROW_WHEEL)
  get_target_property(parquet DgaArrow::parquet IMPORTED_LOCATION)
  get_target_property(arrow DgaArrow::arrow IMPORTED_LOCATION)
  set(DGA_PC_PARQUET_LIBS "${parquet} ${arrow} -Wl,-rpath,${DGA_ARROW_WHEEL}")
elseif(DGA_PARQUET)
  set(DGA_PC_PARQUET " parquet >= 12.0 arrow >= 12.0")
endif()
set(DGA_PC_MPI_LIBS "")
if(DGA_MPI)
  list(JOIN MPI_CXX_LIBRARIES " " libraries)
  set(DGA_PC_MPI_LIBS "${MPI_CXX_LINK_FLAGS} ${libraries}")
endif()

set(DGA_WITH_TRAIN OFF)
dga_install_floor(core)
if(TARGET dga_train)
  set(DGA_WITH_TRAIN ON)
  dga_install_floor(train)
  install(FILES "${PROJECT_SOURCE_DIR}/cmake/FindDgaTorch.cmake" DESTINATION "${package_dir}")
  install(PROGRAMS "${PROJECT_SOURCE_DIR}/scripts/find_torch" DESTINATION "${package_dir}")
endif()
if(DGA_PARQUET)
  install(FILES "${PROJECT_SOURCE_DIR}/cmake/FindDgaArrow.cmake" DESTINATION "${package_dir}")
endif()
if(TARGET dga_program)
  # The folders of torch, of Arrow, and of MPI where it is not the system's.
  # Named, since CMake leaves out link paths inside the source tree, where .deps/ is.
  cmake_path(GET DgaTorch_LIBRARY PARENT_PATH _dga_torch_lib)
  set(_dga_run_path "${_dga_torch_lib}" ${DGA_ARROW_WHEEL})
  set_target_properties(dga_program PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON INSTALL_RPATH "${_dga_run_path}")
  install(TARGETS dga_program RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
endif()
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DATADIR}/licenses/dga")
if(TARGET dga_train)
  # It holds uPlot; see DgaEmbed.
  install(FILES "${PROJECT_SOURCE_DIR}/third_party/uplot/LICENSE" DESTINATION "${CMAKE_INSTALL_DATADIR}/licenses/dga"
          RENAME LICENSE.uPlot)
endif()

configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/dgaConfig.cmake.in" "${PROJECT_BINARY_DIR}/dgaConfig.cmake"
                              INSTALL_DESTINATION "${package_dir}" NO_SET_AND_CHECK_MACRO)
# Before 1.0 a minor version may change anything.
write_basic_package_version_file("${PROJECT_BINARY_DIR}/dgaConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/dgaConfig.cmake" "${PROJECT_BINARY_DIR}/dgaConfigVersion.cmake"
        DESTINATION "${package_dir}")
