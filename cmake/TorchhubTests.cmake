include(GoogleTest)

torchhub_precompiled_header(test
  HEADERS <algorithm> <chrono> <filesystem> <functional> <map> <memory> <optional> <string> <vector>
          <fmt/format.h> <nlohmann/json.hpp> <gtest/gtest.h>
  LIBRARIES nlohmann_json::nlohmann_json fmt::fmt GTest::gtest)

# torchhub_add_test(base_test SOURCES a_test.cpp ... LIBRARIES torchhub::hub [TENSOR [GPU]] [LABELS peers])
# Plain binaries show each test to ctest; a TENSOR binary is one entry, since its start alone takes 0.7 s;
# its LIGHT sources include little of LibTorch and go without the precompiled header. A GPU binary is
# compiled everywhere and a test only where LibTorch has CUDA: elsewhere it could but skip.
function(torchhub_add_test name)
  cmake_parse_arguments(ARG "TENSOR;GPU" "TIMEOUT" "SOURCES;LIGHT;LIBRARIES;LABELS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES} ${ARG_LIGHT})
  set_source_files_properties(${ARG_LIGHT} PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
  set(main $<IF:$<BOOL:${ARG_TENSOR}>,torchhub_tensor_test_main,GTest::gtest_main>)
  target_link_libraries(${name} PRIVATE ${ARG_LIBRARIES} torchhub_test_support GTest::gtest ${main})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests ${PROJECT_SOURCE_DIR}/src)
  target_compile_definitions(${name} PRIVATE
    TORCHHUB_GOLDEN_DIR="${PROJECT_SOURCE_DIR}/tests/golden" TORCHHUB_BINARY_DIR="${PROJECT_BINARY_DIR}")
  torchhub_set_warnings(${name})
  torchhub_set_sanitizers(${name})
  # Tests are compiled far more often than they run: a third less time than with -O3.
  target_compile_options(${name} PRIVATE $<$<CONFIG:Release>:-O1>)
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  set(environment OMP_NUM_THREADS=1)
  if(ARG_TENSOR)
    torchhub_use_precompiled_header(${name} tensor)
    if(ARG_GPU AND NOT TARGET torch_cuda)
      return()
    endif()
    add_test(NAME ${name} COMMAND ${name})
    # A test that skipped inside proves nothing, so the whole entry says that it was skipped; see
    # tests/support/tensor_test_main.cpp.
    set_tests_properties(${name} PROPERTIES
      TIMEOUT ${ARG_TIMEOUT} LABELS "tensor;${ARG_LABELS}" ENVIRONMENT "${environment}"
      SKIP_RETURN_CODE 77)
  else()
    torchhub_use_precompiled_header(${name} test)
    gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 PROPERTIES
      TIMEOUT ${ARG_TIMEOUT} LABELS "plain;${ARG_LABELS}" ENVIRONMENT "${environment}")
  endif()
endfunction()

# torchhub_add_test_program(killable_run SOURCES killable_run.cpp LIBRARIES torchhub::torchhub [TENSOR])
# A program that tests start; TENSOR and LIGHT as above.
function(torchhub_add_test_program name)
  cmake_parse_arguments(ARG "TENSOR" "" "SOURCES;LIGHT;LIBRARIES" ${ARGN})
  add_executable(${name} ${ARG_SOURCES} ${ARG_LIGHT})
  set_source_files_properties(${ARG_LIGHT} PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
  target_link_libraries(${name} PRIVATE ${ARG_LIBRARIES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests ${PROJECT_SOURCE_DIR}/src)
  torchhub_set_warnings(${name})
  torchhub_set_sanitizers(${name})
  if(ARG_TENSOR)
    torchhub_use_precompiled_header(${name} tensor)
  endif()
endfunction()
