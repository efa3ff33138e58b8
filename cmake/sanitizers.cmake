# Sanitizers for the whole tree, chosen by HETMEM_SANITIZE, which the fuzzers need.
# A report ends the program, so that a test cannot pass over it.
if(HETMEM_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "HETMEM_FUZZ needs clang: libFuzzer is part of it (cmake --preset asan)")
  endif()
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(HETMEM_SANITIZE)
  add_compile_options(-fsanitize=${HETMEM_SANITIZE} -fno-sanitize-recover=all
                      -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${HETMEM_SANITIZE})
endif()
