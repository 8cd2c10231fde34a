# zlib 1.2 or newer: compressed manifests. Debian: zlib1g-dev.
find_package(ZLIB REQUIRED)
add_library(tandem_zlib INTERFACE)
target_link_libraries(tandem_zlib INTERFACE ZLIB::ZLIB)
