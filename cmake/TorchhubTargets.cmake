# One OBJECT library a folder; the three libraries that users link are put together from them in src/.
include(TorchhubWarnings)
include(TorchhubPrecompiled)

torchhub_precompiled_header(plain
  HEADERS <algorithm> <chrono> <filesystem> <functional> <map> <memory> <optional> <string> <vector>
          <fmt/format.h> <nlohmann/json.hpp>
  LIBRARIES nlohmann_json::nlohmann_json fmt::fmt)

# torchhub_folder(wire SOURCES repo.cpp ... FOLDERS base LIBRARIES OpenSSL::Crypto)
#   FOLDERS   other folders of src/ whose headers this one includes (checked by tools/check_layers.py)
#   LIBRARIES what else its sources need
function(torchhub_folder name)
  cmake_parse_arguments(ARG "TENSOR" "" "SOURCES;FOLDERS;LIBRARIES" ${ARGN})
  add_library(torchhub_${name} OBJECT ${ARG_SOURCES})
  list(TRANSFORM ARG_FOLDERS PREPEND torchhub_)
  target_include_directories(torchhub_${name} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(torchhub_${name}
    PUBLIC ${ARG_FOLDERS} ${ARG_LIBRARIES} nlohmann_json::nlohmann_json fmt::fmt Threads::Threads)
  target_compile_features(torchhub_${name} PUBLIC cxx_std_20)
  torchhub_set_warnings(torchhub_${name})
  torchhub_set_sanitizers(torchhub_${name})
  if(NOT ARG_TENSOR)
    torchhub_use_precompiled_header(torchhub_${name} plain)
  endif()
endfunction()

# torchhub_library(hub FOLDERS base wire ... LIBRARIES CURL::libcurl): a library of whole folders.
function(torchhub_library name)
  cmake_parse_arguments(ARG "" "" "FOLDERS;LIBRARIES" ${ARGN})
  if(name STREQUAL "torchhub")
    set(target torchhub_torchhub)
  else()
    set(target torchhub_${name}_lib)
  endif()
  set(objects)
  foreach(folder IN LISTS ARG_FOLDERS)
    if(TARGET torchhub_${folder})
      list(APPEND objects $<TARGET_OBJECTS:torchhub_${folder}>)
    endif()
  endforeach()
  add_library(${target} STATIC ${objects})
  add_library(torchhub::${name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES
    OUTPUT_NAME torchhub_${name} EXPORT_NAME ${name} LINKER_LANGUAGE CXX)
  target_include_directories(${target} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(${target}
    PUBLIC ${ARG_LIBRARIES} nlohmann_json::nlohmann_json fmt::fmt Threads::Threads)
  target_compile_features(${target} PUBLIC cxx_std_20)
  torchhub_set_sanitizers(${target})
  set_property(GLOBAL APPEND PROPERTY TORCHHUB_INSTALL_TARGETS ${target})
endfunction()
