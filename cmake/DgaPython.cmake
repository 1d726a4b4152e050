# SPDX-License-Identifier: Apache-2.0
#
# The Python that the package is built for, and its torch: the one that lies in that environment comes before the active
# Python's, which in pip's isolated builds is another.

find_package(Python 3.9 QUIET COMPONENTS Interpreter Development.Module)
if(NOT Python_FOUND)
  set(_dga_found_of_python "none")
  if(Python_EXECUTABLE)
    set(_dga_found_of_python "${Python_EXECUTABLE} alone")
  endif()
  message(FATAL_ERROR " [cmake] expected Python 3.9 or newer with its headers, found ${_dga_found_of_python}. Run scripts/setup "
                      "python, or install python3-dev.")
endif()
if(NOT DGA_TORCH_DIR AND NOT DEFINED ENV{DGA_TORCH_DIR})
  execute_process(
    COMMAND "${Python_EXECUTABLE}" -c "import sysconfig; print(sysconfig.get_paths()['platlib'])"
    OUTPUT_VARIABLE _dga_site_packages OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  if(EXISTS "${_dga_site_packages}/torch/lib/libtorch_cpu.so")
    set(DGA_TORCH_DIR "${_dga_site_packages}/torch")
  endif()
endif()
