# CLI11 2.1 or newer, for the programs only. Debian: libcli11-dev.
if(TANDEM_BUILD_APPS)
  find_package(CLI11 2.1 REQUIRED)
endif()
