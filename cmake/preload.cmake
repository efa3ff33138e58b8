# Where the preloaded malloc lies as seen from the command: the same in the build tree and installed,
# so that `hetmem run` finds it beside itself, also in a tree that was moved.
file(RELATIVE_PATH HETMEM_MALLOC_FROM_BIN
  ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_LIBDIR}/hetmem/libhetmem-malloc.so)
