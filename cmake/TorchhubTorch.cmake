# LibTorch as a SYSTEM interface library, and the one precompiled header of the tensor half.
add_library(torchhub_libtorch INTERFACE)
target_link_libraries(torchhub_libtorch INTERFACE ${TORCH_LIBRARIES})
target_include_directories(torchhub_libtorch SYSTEM INTERFACE ${TORCH_INCLUDE_DIRS})
separate_arguments(torch_flags UNIX_COMMAND "${TORCH_CXX_FLAGS}")
target_compile_options(torchhub_libtorch INTERFACE ${torch_flags})
set_property(GLOBAL APPEND PROPERTY TORCHHUB_INSTALL_TARGETS torchhub_libtorch)

# 28 s and 560 MB once, then 4 s instead of 17 s for each file (docs/performance.md).
file(WRITE ${CMAKE_BINARY_DIR}/torchhub_pch_anchor.cpp "// Owns the precompiled header.\n")
add_library(torchhub_pch OBJECT ${CMAKE_BINARY_DIR}/torchhub_pch_anchor.cpp)
target_link_libraries(torchhub_pch PUBLIC torchhub_libtorch nlohmann_json::nlohmann_json fmt::fmt)
target_precompile_headers(torchhub_pch PRIVATE <torch/torch.h> <nlohmann/json.hpp> <fmt/format.h>)
target_compile_options(torchhub_pch PRIVATE -fpch-preprocess)
torchhub_set_warnings(torchhub_pch)  # -Wpedantic hides __cpp_runtime_arrays: the flags must be the same
torchhub_set_sanitizers(torchhub_pch)

function(torchhub_use_precompiled_header target)
  # g++ refuses a header that was compiled with -fPIC where -fPIE is in force, CMake's choice for programs.
  get_target_property(type ${target} TYPE)
  if(type STREQUAL "EXECUTABLE")
    set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
    target_compile_options(${target} PRIVATE -fPIC)
  endif()
  target_precompile_headers(${target} REUSE_FROM torchhub_pch)
  target_compile_options(${target} PRIVATE -fpch-preprocess)
endfunction()

# As torchhub_folder(), for folders whose sources include torch/torch.h.
function(torchhub_tensor_folder name)
  torchhub_folder(${name} ${ARGN})
  target_link_libraries(torchhub_${name} PUBLIC torchhub_libtorch)
  torchhub_use_precompiled_header(torchhub_${name})
endfunction()
