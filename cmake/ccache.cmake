# Compiles through ccache where it is installed. Who names another launcher keeps it.
if(NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(HETMEM_CCACHE ccache)
  mark_as_advanced(HETMEM_CCACHE)
  if(HETMEM_CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${HETMEM_CCACHE})
  endif()
endif()
