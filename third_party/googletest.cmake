# GoogleTest 1.11 or newer. Debian: libgtest-dev.
if(TANDEM_BUILD_TESTS)
  find_package(GTest 1.11 REQUIRED)
  include(GoogleTest)
endif()
