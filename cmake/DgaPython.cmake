# SPDX-License-Identifier: Apache-2.0
#
# The Python that the package is built for, and its torch: the one that lies in that environment comes before the active
# Python's, which in pip's isolated builds is another.

find_package(Python 3.9 REQUIRED COMPONENTS Interpreter Development.Module)
if(NOT DGA_TORCH_DIR AND NOT DEFINED ENV{DGA_TORCH_DIR})
  execute_process(
    COMMAND "${Python_EXECUTABLE}" -c "import sysconfig; print(sysconfig.get_paths()['platlib'])"
    OUTPUT_VARIABLE _dga_site_packages OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  if(EXISTS "${_dga_site_packages}/torch/lib/libtorch_cpu.so")
    set(DGA_TORCH_DIR "${_dga_site_packages}/torch")
  endif()
endif()
