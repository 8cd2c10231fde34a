# libjpeg-turbo 2.1 or newer, through the libjpeg interface. Debian: libjpeg62-turbo-dev; Ubuntu: libjpeg-turbo8-dev.
find_package(JPEG REQUIRED)
add_library(tandem_jpeg INTERFACE)
target_link_libraries(tandem_jpeg INTERFACE JPEG::JPEG)
