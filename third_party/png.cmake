# libpng 1.6 or newer. Debian: libpng-dev.
find_package(PNG 1.6 REQUIRED)
add_library(tandem_png INTERFACE)
target_link_libraries(tandem_png INTERFACE PNG::PNG)
