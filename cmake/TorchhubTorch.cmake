# LibTorch as a SYSTEM interface library, and the precompiled header of the tensor half.
include(TorchhubLibTorch)
torchhub_hide_fmt_of_libtorch()
add_library(torchhub_libtorch INTERFACE)
target_link_libraries(torchhub_libtorch INTERFACE ${TORCHHUB_BEFORE_LIBTORCH} ${TORCH_LIBRARIES})
target_include_directories(torchhub_libtorch SYSTEM INTERFACE
  "$<BUILD_INTERFACE:${TORCHHUB_LIBTORCH_HEADERS}>")  # installed: torchhub-config.cmake
separate_arguments(torch_flags UNIX_COMMAND "${TORCH_CXX_FLAGS}")
target_compile_options(torchhub_libtorch INTERFACE ${torch_flags})
set_property(GLOBAL APPEND PROPERTY TORCHHUB_INSTALL_TARGETS torchhub_libtorch)

torchhub_precompiled_header(tensor
  HEADERS <torch/torch.h> <nlohmann/json.hpp> <fmt/format.h>
  LIBRARIES torchhub_libtorch nlohmann_json::nlohmann_json fmt::fmt)

# As torchhub_folder(), for folders whose sources include torch/torch.h.
#   LIGHT   sources that include little or nothing of it: they compile in less time than the
#           precompiled header takes to load
function(torchhub_tensor_folder name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIGHT;FOLDERS;LIBRARIES" ${ARGN})
  torchhub_folder(${name} TENSOR
    SOURCES ${ARG_SOURCES} ${ARG_LIGHT} FOLDERS ${ARG_FOLDERS} LIBRARIES ${ARG_LIBRARIES})
  set_source_files_properties(${ARG_LIGHT} PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
  target_link_libraries(torchhub_${name} PUBLIC torchhub_libtorch)
  torchhub_use_precompiled_header(torchhub_${name} tensor)
endfunction()
