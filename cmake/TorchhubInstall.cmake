# Installs the headers, the libraries and the command, and a package for find_package(torchhub):
#   find_package(torchhub REQUIRED COMPONENTS hub)   # or server, torchhub; none named: all that were built
#   target_link_libraries(app PRIVATE torchhub::hub)
# One export set a component, so that who wants torchhub::hub needs no LibTorch. Proven by tests/install.
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/torchhub)

install(DIRECTORY include/torchhub DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
if(TARGET torchhub_cli)
  install(TARGETS torchhub_cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  if(TARGET torchhub_server_lib)
    # While installing, since `cmake --install --prefix` may name another place than the configuration.
    install(CODE "
      set(CMAKE_INSTALL_FULL_BINDIR \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}\")
      configure_file(\"${PROJECT_SOURCE_DIR}/packaging/torchhub.service.in\"
                     \"${PROJECT_BINARY_DIR}/torchhub.service\" @ONLY)")
    install(FILES ${PROJECT_BINARY_DIR}/torchhub.service DESTINATION lib/systemd/system)
    install(FILES packaging/hub.conf DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)
  endif()
endif()

function(torchhub_install_component component)
  install(TARGETS ${ARGN} EXPORT torchhub-${component} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(EXPORT torchhub-${component} NAMESPACE torchhub:: DESTINATION ${package_dir})
endfunction()

set(TORCHHUB_COMPONENTS hub)
torchhub_install_component(hub torchhub_hub_lib)
if(TARGET torchhub_server_lib)
  list(APPEND TORCHHUB_COMPONENTS server)
  torchhub_install_component(server torchhub_server_lib)
endif()
if(TARGET torchhub_torchhub)
  list(APPEND TORCHHUB_COMPONENTS torchhub)
  torchhub_install_component(torchhub torchhub_torchhub torchhub_libtorch)
  install(FILES cmake/TorchhubLibTorch.cmake DESTINATION ${package_dir})
endif()

configure_package_config_file(cmake/torchhub-config.cmake.in
  ${PROJECT_BINARY_DIR}/torchhub-config.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/torchhub-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/torchhub-config.cmake ${PROJECT_BINARY_DIR}/torchhub-config-version.cmake
  DESTINATION ${package_dir})
