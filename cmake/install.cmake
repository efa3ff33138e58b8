# What `cmake --install` puts where; tests/consumer builds a program against the result.
include(CMakePackageConfigHelpers)

install(TARGETS hetmem_command RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
if(TARGET hetmem_malloc) # not beside a sanitizer; `hetmem run` looks for it there, as seen from itself
  install(TARGETS hetmem_malloc LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/hetmem)
endif()

# The unit names the daemon where it really is, also after `cmake --install --prefix`.
install(TARGETS hetmemd RUNTIME DESTINATION ${CMAKE_INSTALL_SBINDIR})
install(CODE "
  set(HETMEMD \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_SBINDIR}/hetmemd\")
  set(unit \"\${CMAKE_INSTALL_PREFIX}/lib/systemd/system/hetmemd.service\")
  configure_file(\"${PROJECT_SOURCE_DIR}/systemd/hetmemd.service.in\"
                 \"\$ENV{DESTDIR}\${unit}\" @ONLY)
  message(STATUS \"Installing: \$ENV{DESTDIR}\${unit}\")
  list(APPEND CMAKE_INSTALL_MANIFEST_FILES \"\${unit}\")")

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/hetmem)
install(TARGETS hetmem
  EXPORT hetmem_targets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT hetmem_targets
  NAMESPACE hetmem::
  FILE hetmem-targets.cmake
  DESTINATION ${package_dir})
configure_package_config_file(cmake/hetmem-config.cmake.in
  ${PROJECT_BINARY_DIR}/hetmem-config.cmake
  INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/hetmem-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/hetmem-config.cmake
              ${PROJECT_BINARY_DIR}/hetmem-config-version.cmake
  DESTINATION ${package_dir})

# The pkg-config file finds the tree from where it lies itself, so that `cmake --install --prefix`
# and a tree that was moved work.
file(RELATIVE_PATH prefix_from_pc ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
set(pc_libdir ${CMAKE_INSTALL_FULL_LIBDIR})
set(pc_includedir ${CMAKE_INSTALL_FULL_INCLUDEDIR})
if(NOT IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}")
  set(pc_libdir "\${prefix}/${CMAKE_INSTALL_LIBDIR}")
endif()
if(NOT IS_ABSOLUTE "${CMAKE_INSTALL_INCLUDEDIR}")
  set(pc_includedir "\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}")
endif()
configure_file(cmake/hetmem.pc.in ${PROJECT_BINARY_DIR}/hetmem.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/hetmem.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

install(FILES docs/man/hetmem.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES docs/man/hetmemd.8 DESTINATION ${CMAKE_INSTALL_MANDIR}/man8)
install(FILES completions/hetmem.bash
  DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
  RENAME hetmem)
install(FILES LICENSE README.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DOCDIR} PATTERN man EXCLUDE)
install(DIRECTORY examples DESTINATION ${CMAKE_INSTALL_DOCDIR})
