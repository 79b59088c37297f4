# See CMakeLists.txt. A failing step ends the test with its own output.
file(REMOVE_RECURSE ${WORK_DIR})
file(MAKE_DIRECTORY ${WORK_DIR})
set(prefix ${WORK_DIR}/prefix)
string(REPLACE ";" "\\;" search "${prefix};${PREFIX_PATH}")

function(step)
  execute_process(COMMAND ${ARGN} WORKING_DIRECTORY ${WORK_DIR} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

step(${CMAKE_COMMAND} --install ${BUILD_DIR} --prefix ${prefix})
if(SANITIZE)
  set(flags "-DCMAKE_CXX_FLAGS=-fsanitize=${SANITIZE}")
endif()
step(${CMAKE_COMMAND} -S ${CONSUMER_DIR} -B ${WORK_DIR}/build -G ${GENERATOR}
  "-DCMAKE_PREFIX_PATH=${search}" "-DTorch_DIR=${TORCH_DIR}" -DCOMPONENT=${COMPONENT}
  -DCMAKE_CXX_COMPILER=${CXX} -DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER} ${flags})
step(${CMAKE_COMMAND} --build ${WORK_DIR}/build)
step(${WORK_DIR}/build/consumer)
if(EXISTS ${prefix}/bin/torchhub)
  step(${prefix}/bin/torchhub --version)
  include(${CMAKE_CURRENT_LIST_DIR}/check_service.cmake)
endif()
if(COMPONENT STREQUAL "server")
  file(READ ${CONSUMER_DIR}/uses_server.cpp program)
  file(READ ${CMAKE_CURRENT_LIST_DIR}/../../docs/server.md page)
  string(FIND "${page}" "```cpp\n${program}```" place)
  if(place LESS 0)
    message(FATAL_ERROR "The program in docs/server.md is not consumer/uses_server.cpp, which was run here.")
  endif()
endif()

# Packages of LibTorch export parts of libstdc++ that crash in other programs: the system's comes first.
find_program(READELF readelf)
if(COMPONENT STREQUAL "torchhub" AND READELF)
  execute_process(COMMAND ${READELF} -d ${WORK_DIR}/build/consumer OUTPUT_VARIABLE dynamic
    COMMAND_ERROR_IS_FATAL ANY)
  string(FIND "${dynamic}" "[libstdc++" standard_library)
  string(FIND "${dynamic}" "[libtorch" libtorch)
  if(standard_library LESS 0 OR libtorch LESS 0 OR standard_library GREATER libtorch)
    message(FATAL_ERROR "LibTorch comes before libstdc++ in what the program needs:\n${dynamic}")
  endif()
endif()
