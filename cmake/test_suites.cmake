# Read by ctest, with `target`, `program`, `list` and `label` set: one entry per suite of a test program, because loading LibTorch
# costs more than most tests do. Suites with parameters go by their name without the instance's. A suite with a test that
# docs/faults.md names is found by `ctest -L fault` as well.
if(NOT EXISTS ${program})
  add_test(${target}_NOT_BUILT ${target}_NOT_BUILT)
  return()
endif()

# The list is kept: asking for it costs a third of a second.
if(NOT EXISTS ${list} OR ${program} IS_NEWER_THAN ${list})
  execute_process(COMMAND ${program} --gtest_list_tests OUTPUT_FILE ${list} RESULT_VARIABLE status)
  if(NOT status EQUAL 0)
    file(REMOVE ${list})
    message(FATAL_ERROR "${program} does not list its tests: ${status}")
  endif()
endif()
file(STRINGS ${list} lines)
file(STRINGS ${CMAKE_CURRENT_LIST_DIR}/../docs/faults.md fault_lines REGEX "`[A-Za-z0-9]+\\.[A-Za-z0-9]+`")

set(suites)
foreach(line IN LISTS lines)
  if(line MATCHES "^([^ ]+/)?([A-Za-z0-9_]+)\\.")
    set(suite ${CMAKE_MATCH_2})
    list(APPEND suites ${suite})
  elseif(line MATCHES "^  ([A-Za-z0-9_]+)")
    if("${fault_lines}" MATCHES "`${suite}\\.${CMAKE_MATCH_1}`")
      set(${suite}_faults ";fault")
    endif()
  endif()
endforeach()
list(REMOVE_DUPLICATES suites)
# Threads that wait do not spin: other tests run beside them.
foreach(suite IN LISTS suites)
  add_test(${suite} ${program} "--gtest_filter=${suite}.*:*/${suite}.*")
  set_tests_properties(${suite} PROPERTIES LABELS "${label}${${suite}_faults}" TIMEOUT 600
    ENVIRONMENT OMP_WAIT_POLICY=passive)
  unset(${suite}_faults)
endforeach()
