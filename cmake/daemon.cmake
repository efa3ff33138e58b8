# Where hetmemd lies as seen from the command: the same in the build tree and installed, so that
# `hetmem adopt` finds it, also in a tree that was moved.
file(RELATIVE_PATH HETMEM_DAEMON_FROM_BIN
  ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_SBINDIR}/hetmemd)
