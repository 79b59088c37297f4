include(GoogleTest)

# torchhub_add_test(base_test SOURCES a_test.cpp ... LIBRARIES torchhub::hub [TENSOR] [LABELS peers])
# Plain binaries show each test to ctest; a TENSOR binary is one entry, since its start alone takes 0.7 s.
function(torchhub_add_test name)
  cmake_parse_arguments(ARG "TENSOR" "TIMEOUT" "SOURCES;LIBRARIES;LABELS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LIBRARIES} torchhub_test_support GTest::gtest GTest::gtest_main)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests ${PROJECT_SOURCE_DIR}/src)
  target_compile_definitions(${name} PRIVATE
    TORCHHUB_GOLDEN_DIR="${PROJECT_SOURCE_DIR}/tests/golden" TORCHHUB_BINARY_DIR="${PROJECT_BINARY_DIR}")
  torchhub_set_warnings(${name})
  torchhub_set_sanitizers(${name})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  set(environment OMP_NUM_THREADS=1)
  if(ARG_TENSOR)
    torchhub_use_precompiled_header(${name})
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES
      TIMEOUT ${ARG_TIMEOUT} LABELS "tensor;${ARG_LABELS}" ENVIRONMENT "${environment}")
  else()
    gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 PROPERTIES
      TIMEOUT ${ARG_TIMEOUT} LABELS "plain;${ARG_LABELS}" ENVIRONMENT "${environment}")
  endif()
endfunction()
