# Read by ctest after a test program has listed its tests: those that docs/faults.md names are found
# by `ctest -L fault` as well. `tandem_tests` is the list, `tandem_label` the label they have.
file(STRINGS ${CMAKE_CURRENT_LIST_DIR}/../docs/faults.md tandem_fault_lines REGEX "`[A-Za-z0-9]+\\.[A-Za-z0-9]+`")
foreach(test IN LISTS tandem_tests)
  # Suites with parameters are called <instance>/<suite>.<test>/<parameter>.
  string(REGEX REPLACE "^([^/.]+/)?([^/]+\\.[^/]+)(/.*)?$" "\\2" name "${test}")
  if("${tandem_fault_lines}" MATCHES "`${name}`")
    set_tests_properties("${test}" PROPERTIES LABELS "${tandem_label};fault")
  endif()
endforeach()
