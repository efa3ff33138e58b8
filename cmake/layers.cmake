# A layer is a directory under src/ and a static library that links only the layers below it, so
# that a call upwards does not link; tests/checks/layers finds the include.
#
#   hetmem_layer(topology SOURCES merge.cpp ... TESTS merge_test.cpp ... LINKS kernel acpi fmt::fmt)
#
# LINKS names layers as they are called, and other libraries as CMake knows them. Unit tests stand
# beside the code and become one executable a layer, <layer>_tests; they link the static library,
# where nothing is hidden. THREADS: the layer has threads in it, and its tests are those that the
# thread sanitizer is for (target threads, label unit_threads).
#
# Tests run side by side, those called *HugePages* alone: they fill pools that the others would take
# from.

set(layers_file ${PROJECT_SOURCE_DIR}/src/layers.txt)
set_property(DIRECTORY ${PROJECT_SOURCE_DIR} APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${layers_file})
file(STRINGS ${layers_file} layer_lines REGEX "^[a-z]")
set(HETMEM_LAYERS "")         # all names, lowest first
set(HETMEM_LIBRARY_LAYERS "") # those that make up the shared library
foreach(line IN LISTS layer_lines)
  string(REGEX MATCHALL "[a-z]+" words "${line}")
  list(GET words 0 name)
  list(GET words 1 part)
  list(APPEND HETMEM_LAYERS ${name})
  if(part STREQUAL "library")
    list(APPEND HETMEM_LIBRARY_LAYERS ${name})
  endif()
endforeach()

# Where tests find files of the source tree. Not an option of the compiler's: ccache would then know
# none of the tests again in another clone.
file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/generated/source_directory.hpp CONTENT
"#define HETMEM_SOURCE_DIR \"@PROJECT_SOURCE_DIR@\"\n" @ONLY)

# What the thread sanitizer is for.
add_custom_target(threads)

function(hetmem_layer name)
  cmake_parse_arguments(arg "THREADS" "" "SOURCES;TESTS;LINKS" ${ARGN})
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "hetmem_layer(${name}): what is ${arg_UNPARSED_ARGUMENTS}?")
  endif()
  list(FIND HETMEM_LAYERS ${name} place)
  if(place EQUAL -1)
    message(FATAL_ERROR "hetmem_layer(${name}): not in src/layers.txt")
  endif()

  set(links "")
  foreach(link IN LISTS arg_LINKS)
    string(REGEX REPLACE "^hetmem_" "" layer ${link})
    list(FIND HETMEM_LAYERS ${layer} link_place)
    if(link_place EQUAL -1)
      list(APPEND links ${link})
    elseif(link_place LESS place)
      list(APPEND links hetmem_${layer})
    else()
      message(FATAL_ERROR "hetmem_layer(${name}): ${layer} is not below it in src/layers.txt")
    endif()
  endforeach()

  add_library(hetmem_${name} STATIC ${arg_SOURCES})
  target_include_directories(hetmem_${name} PUBLIC ${PROJECT_SOURCE_DIR}/include
                                                   ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(hetmem_${name} PUBLIC ${links})

  if(HETMEM_TESTS AND arg_TESTS)
    add_executable(${name}_tests ${arg_TESTS})
    # Tests include what they share as "tests/support/...".
    target_include_directories(${name}_tests PRIVATE ${PROJECT_SOURCE_DIR}
                                                     ${PROJECT_BINARY_DIR}/generated)
    # Without these, clang takes three times as long for the tests as for what they test.
    target_compile_options(${name}_tests PRIVATE -O0)
    if(HETMEM_FUZZ)
      target_compile_options(${name}_tests PRIVATE -fno-sanitize=undefined,fuzzer-no-link)
    endif()
    target_link_libraries(${name}_tests PRIVATE hetmem_${name} GTest::gmock GTest::gtest_main)
    # Asked for their names when tests are run, not when they are built: a build needs no sanitizer
    # runtime that works here, and is faster.
    set(label unit)
    if(arg_THREADS)
      set(label unit_threads)
      add_dependencies(threads ${name}_tests)
    endif()
    foreach(alone IN ITEMS FALSE TRUE)
      set(filter *HugePages*)
      if(NOT alone)
        string(PREPEND filter "-")
      endif()
      gtest_discover_tests(${name}_tests
        TEST_PREFIX "${name}/"
        TEST_FILTER "${filter}"
        DISCOVERY_MODE PRE_TEST
        DISCOVERY_TIMEOUT 60
        PROPERTIES LABELS ${label} TIMEOUT 120 RUN_SERIAL ${alone})
    endforeach()
  endif()
endfunction()
