# Gloo, c10d's engine for processes without GPUs. It is part of LibTorch, but its headers are not part of the wheel:
# the declarations in third_party/gloo are used where LibTorch brings none. An all-reduce of two processes, compiled
# and run once at configure time, shows that they fit.
if(Torch_DIR)
  set(check_includes ${TORCH_INCLUDE_DIRS})
  set(check_libraries ${TORCH_LIBRARIES})
else()
  set(check_includes ${torch_root}/include ${torch_root}/include/torch/csrc/api/include)
  set(check_libraries ${torch_root}/lib/libtorch_cpu.so ${torch_root}/lib/libc10.so)
endif()
add_library(tandem_gloo INTERFACE)
set(gloo_includes "")
find_path(TANDEM_GLOO_HEADERS gloo/context.h PATHS ${check_includes} NO_DEFAULT_PATH)
if(NOT TANDEM_GLOO_HEADERS)
  set(gloo_includes ${CMAKE_CURRENT_LIST_DIR}/gloo)
endif()

if(NOT DEFINED TANDEM_GLOO)
  message(STATUS "Gloo: compiling and running an all-reduce of two processes")
  try_run(check_result check_compiled ${PROJECT_BINARY_DIR}/gloo_check ${CMAKE_CURRENT_LIST_DIR}/gloo/check.cpp
    CMAKE_FLAGS "-DINCLUDE_DIRECTORIES=${gloo_includes};${check_includes}" "-DCMAKE_CXX_STANDARD=20" "-DCMAKE_CXX_STANDARD_REQUIRED=ON"
    LINK_OPTIONS LINKER:--allow-shlib-undefined
    LINK_LIBRARIES ${check_libraries}
    COMPILE_OUTPUT_VARIABLE check_output RUN_OUTPUT_VARIABLE check_run_output)
  set(works OFF)
  if(check_compiled AND check_result EQUAL 0)
    set(works ON)
    message(STATUS "Gloo: works")
  else()
    file(WRITE ${PROJECT_BINARY_DIR}/gloo_check.log "${check_output}\n${check_run_output}\n")
    message(WARNING "Gloo of this LibTorch cannot be used (see ${PROJECT_BINARY_DIR}/gloo_check.log): the build trains in one process only. "
      "After a change: -UTANDEM_GLOO")
  endif()
  set(TANDEM_GLOO ${works} CACHE BOOL "Several processes through LibTorch's Gloo; found out by a check")
endif()
if(TANDEM_GLOO)
  target_include_directories(tandem_gloo SYSTEM INTERFACE ${gloo_includes})
  target_compile_definitions(tandem_gloo INTERFACE TANDEM_GLOO)
endif()
