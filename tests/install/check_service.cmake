# What 'As a service' in docs/server.md installs: the unit starts this program, and its configuration is one.
# `prefix`, `step` and WORK_DIR are install_test.cmake's.
file(READ ${prefix}/lib/systemd/system/torchhub.service unit)
string(FIND "${unit}" "\nExecStart=${prefix}/bin/torchhub serve --config /etc/torchhub/hub.conf\n" place)
if(place LESS 0)
  message(FATAL_ERROR "torchhub.service does not start ${prefix}/bin/torchhub:\n${unit}")
endif()

file(GLOB_RECURSE example ${prefix}/*/hub.conf)
step(${prefix}/bin/torchhub serve --config ${example} --print-config)
# The settings that are only proposed exist, too.
file(READ ${example} proposed)
string(REGEX REPLACE "\n# ([a-z-]+ = )" "\n\\1" proposed "${proposed}")
file(WRITE ${WORK_DIR}/hub.conf "${proposed}")
step(${prefix}/bin/torchhub serve --config ${WORK_DIR}/hub.conf --print-config)

find_program(SYSTEMD_ANALYZE systemd-analyze)
if(SYSTEMD_ANALYZE)
  execute_process(COMMAND ${SYSTEMD_ANALYZE} verify --man=no ${prefix}/lib/systemd/system/torchhub.service
    ERROR_VARIABLE said COMMAND_ERROR_IS_FATAL ANY)
  # Of a key that it does not know it only warns; what it says of other units of the machine is not ours.
  if(said MATCHES "torchhub")
    message(FATAL_ERROR "${said}")
  endif()
endif()
