# The house as CMake sees it: one object library per room, linked into one shared library, libtandem.
#
#   tandem_room(<name> NEEDS <rooms to its left> SOURCES <files> [PLAIN <files without torch>] [LIBRARIES <doors>])
#   tandem_room_test(<room> [SOURCES <files>] [PLAIN <files without torch>] [LIBRARIES <doors>] [LABEL <label>] [ROOMS <more rooms>])
#
# A room's test links that room and what stands to its left, nothing else: a layer broken in code does not link.

set(CMAKE_INSTALL_RPATH $ORIGIN/../${CMAKE_INSTALL_LIBDIR} $ORIGIN)
set(CMAKE_INSTALL_RPATH_USE_LINK_PATH ON)

function(tandem_set_compile_options target)
  # -fPIC for programs too: the precompiled header serves one setting only.
  target_compile_options(${target} PRIVATE -fPIC -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion
    $<$<BOOL:${TANDEM_WERROR}>:-Werror>)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    target_compile_options(${target} PRIVATE -Wno-restrict)  # false alarms on std::string, GCC bug 105651
  endif()
  if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    target_compile_options(${target} PRIVATE -Wno-pass-failed)  # a loop left scalar is slower, not wrong
  endif()
  if(TANDEM_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${TANDEM_SANITIZE} -fno-omit-frame-pointer -g1)
    target_link_options(${target} PRIVATE -fsanitize=${TANDEM_SANITIZE})
  endif()
endfunction()

# One precompiled header for what is shipped, one for tests: without it a unit costs half a minute. It is loaded by
# every unit that is not PLAIN, and what its templates left open is made anew each time: torch/torch.h costs three
# seconds a unit more than these.
set(pch_headers <torch/types.h> <torch/utils.h> <torch/nn/module.h> <torch/nn/pimpl.h>)
function(tandem_add_pch target)
  add_library(${target} OBJECT ${PROJECT_SOURCE_DIR}/cmake/pch.cpp)
  target_link_libraries(${target} PRIVATE tandem_torch)
  target_precompile_headers(${target} PRIVATE ${ARGN})
  tandem_set_compile_options(${target})
endfunction()
tandem_add_pch(tandem_pch ${pch_headers})

# Programs and tests are compiled for the compiler's sake: what they call is as fast as ever.
set(caller_options $<$<CONFIG:Release>:-O1>)
if(TANDEM_BUILD_TESTS)
  tandem_add_pch(tandem_test_pch ${pch_headers} <gtest/gtest.h>)
  target_link_libraries(tandem_test_pch PRIVATE GTest::gtest)
  target_compile_options(tandem_test_pch PRIVATE ${caller_options})
endif()

# Sources without torch: they compile in a second or two, so neither the precompiled header nor joining helps them.
function(tandem_plain_sources)
  if(ARGN)
    set_source_files_properties(${ARGN} PROPERTIES SKIP_PRECOMPILE_HEADERS ON SKIP_UNITY_BUILD_INCLUSION ON)
  endif()
endfunction()

# The other sources of a target are compiled a few at a time: what torch's templates cost is paid once for all of them.
# Names in the unnamed namespaces of one folder must therefore differ.
function(tandem_join_sources target)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ${TANDEM_UNITY_BUILD} UNITY_BUILD_BATCH_SIZE 4)
endfunction()

function(tandem_room name)
  cmake_parse_arguments(ROOM "" "" "NEEDS;SOURCES;PLAIN;LIBRARIES" ${ARGN})
  set(closure ${ROOM_NEEDS})
  foreach(need IN LISTS ROOM_NEEDS)
    get_property(further GLOBAL PROPERTY TANDEM_ROOMS_LEFT_OF_${need})
    list(APPEND closure ${further})
  endforeach()
  list(REMOVE_DUPLICATES closure)
  set_property(GLOBAL PROPERTY TANDEM_ROOMS_LEFT_OF_${name} ${closure})
  set_property(GLOBAL APPEND PROPERTY TANDEM_ROOMS ${name})

  add_library(tandem_${name} OBJECT ${ROOM_SOURCES} ${ROOM_PLAIN})
  target_include_directories(tandem_${name} PUBLIC ${PROJECT_SOURCE_DIR}/include PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(tandem_${name} PUBLIC tandem_torch PRIVATE fmt::fmt ${ROOM_LIBRARIES})
  target_precompile_headers(tandem_${name} REUSE_FROM tandem_pch)
  set(plain ${ROOM_PLAIN})
  list(TRANSFORM plain PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
  set_property(GLOBAL PROPERTY TANDEM_PLAIN_OF_${name} ${plain})  # for tests/fuzz
  tandem_plain_sources(${ROOM_PLAIN})
  tandem_join_sources(tandem_${name})
  tandem_set_compile_options(tandem_${name})
endfunction()

function(tandem_room_test room)
  cmake_parse_arguments(TEST "" "LABEL" "SOURCES;PLAIN;LIBRARIES;ROOMS" ${ARGN})
  set(label unit)
  set(target tandem_${room}_test)
  if(TEST_LABEL)
    set(label ${TEST_LABEL})
    set(target tandem_${room}_${TEST_LABEL}_test)
  endif()
  set(rooms ${room})
  foreach(each IN LISTS room TEST_ROOMS)
    get_property(further GLOBAL PROPERTY TANDEM_ROOMS_LEFT_OF_${each})
    list(APPEND rooms ${each} ${further})
  endforeach()
  list(REMOVE_DUPLICATES rooms)
  add_executable(${target} ${TEST_SOURCES} ${TEST_PLAIN})
  foreach(each IN LISTS rooms)
    target_sources(${target} PRIVATE $<TARGET_OBJECTS:tandem_${each}>)
    target_link_libraries(${target} PRIVATE tandem_${each})
  endforeach()
  target_link_libraries(${target} PRIVATE fmt::fmt GTest::gtest GTest::gtest_main ${TEST_LIBRARIES})
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/tests)
  target_compile_definitions(${target} PRIVATE TANDEM_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  target_precompile_headers(${target} REUSE_FROM tandem_test_pch)
  tandem_plain_sources(${TEST_PLAIN})
  tandem_join_sources(${target})
  tandem_set_compile_options(${target})
  target_compile_options(${target} PRIVATE ${caller_options})
  set(suites ${CMAKE_CURRENT_BINARY_DIR}/${target}_suites)
  file(GENERATE OUTPUT ${suites}.cmake CONTENT "set(target ${target})
set(program \"$<TARGET_FILE:${target}>\")
set(list \"${suites}.txt\")
set(label ${label})
include(\"${PROJECT_SOURCE_DIR}/cmake/test_suites.cmake\")
")
  set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES ${suites}.cmake)
endfunction()
