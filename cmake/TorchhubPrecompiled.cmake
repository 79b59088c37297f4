# Precompiled headers: what nearly every file of a half includes, parsed once for all of them.
# docs/performance.md has the seconds. The presets for developers of the plain half go without, so
# that a source which forgets an include is noticed.
option(TORCHHUB_PRECOMPILE "Precompile the headers that most files include" ON)

# torchhub_precompiled_header(plain HEADERS <string> ... LIBRARIES fmt::fmt ...)
function(torchhub_precompiled_header name)
  cmake_parse_arguments(ARG "" "" "HEADERS;LIBRARIES" ${ARGN})
  if(NOT TORCHHUB_PRECOMPILE)
    return()
  endif()
  set(anchor ${PROJECT_BINARY_DIR}/pch/${name}.cpp)
  file(CONFIGURE OUTPUT ${anchor} CONTENT "// Owns the precompiled header '${name}'.\n")
  add_library(torchhub_pch_${name} OBJECT ${anchor})
  target_link_libraries(torchhub_pch_${name} PUBLIC ${ARG_LIBRARIES})
  target_precompile_headers(torchhub_pch_${name} PRIVATE ${ARG_HEADERS})
  target_compile_options(torchhub_pch_${name} PRIVATE -fpch-preprocess)
  torchhub_set_warnings(torchhub_pch_${name})  # -Wpedantic hides __cpp_runtime_arrays: flags must be the same
  torchhub_set_sanitizers(torchhub_pch_${name})
endfunction()

# torchhub_use_precompiled_header(target plain)
function(torchhub_use_precompiled_header target name)
  if(NOT TARGET torchhub_pch_${name})
    return()
  endif()
  # g++ refuses a header that was compiled with -fPIC where -fPIE is in force, CMake's choice for programs.
  get_target_property(type ${target} TYPE)
  if(type STREQUAL "EXECUTABLE")
    set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
    target_compile_options(${target} PRIVATE -fPIC)
  endif()
  target_precompile_headers(${target} REUSE_FROM torchhub_pch_${name})
  target_compile_options(${target} PRIVATE -fpch-preprocess)
endfunction()
