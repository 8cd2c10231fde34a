# LibTorch 2.11.0. Default: the wheel that scripts/setup.sh unpacked. Another LibTorch (2.6 or newer): -DTorch_DIR=<prefix>/share/cmake/Torch.
option(TANDEM_CUDA "Link LibTorch's CUDA half (needs scripts/setup.sh --cuda)" OFF)

if(DEFINED ENV{TANDEM_DEPS})
  set(default_deps $ENV{TANDEM_DEPS})
elseif(DEFINED ENV{XDG_CACHE_HOME})
  set(default_deps $ENV{XDG_CACHE_HOME}/tandem)
else()
  set(default_deps $ENV{HOME}/.cache/tandem)
endif()
set(TANDEM_DEPS_DIR ${default_deps} CACHE PATH "Where scripts/setup.sh put the dependencies")

add_library(tandem_torch INTERFACE)
if(Torch_DIR)
  find_package(Torch REQUIRED)
  target_link_libraries(tandem_torch INTERFACE ${TORCH_LIBRARIES})
else()
  set(torch_root ${TANDEM_DEPS_DIR}/torch-2.11.0/torch)
  if(NOT EXISTS ${torch_root}/lib/libtorch_cpu.so)
    message(FATAL_ERROR "No LibTorch in ${torch_root}: run scripts/setup.sh, or pass -DTorch_DIR=<prefix>/share/cmake/Torch")
  endif()
  # Own targets, because find_package(Torch) on a CUDA wheel demands a CUDA compiler even for a CPU build.
  # Last on the include path: the wheel carries a fmt of its own, which must not hide the system's from spdlog.
  target_compile_options(tandem_torch INTERFACE "SHELL:-idirafter ${torch_root}/include"
    "SHELL:-idirafter ${torch_root}/include/torch/csrc/api/include")
  target_link_directories(tandem_torch INTERFACE ${torch_root}/lib)
  target_link_libraries(tandem_torch INTERFACE ${torch_root}/lib/libtorch_cpu.so ${torch_root}/lib/libc10.so)
  # The libraries carry a RPATH of their own for everything beyond torch/lib.
  target_link_options(tandem_torch INTERFACE LINKER:--allow-shlib-undefined)
  if(TANDEM_CUDA)
    target_link_libraries(tandem_torch INTERFACE "-Wl,--no-as-needed ${torch_root}/lib/libtorch_cuda.so ${torch_root}/lib/libc10_cuda.so -Wl,--as-needed"
      ${torch_root}/../nvidia/cu13/lib/libcudart.so.13)  # Our kernels call the runtime themselves, in LibTorch's copy.
  endif()
endif()
