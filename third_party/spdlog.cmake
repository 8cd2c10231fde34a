# spdlog 1.9 or newer and the fmt it is built on. Debian: libspdlog-dev, libfmt-dev.
find_package(spdlog REQUIRED)
find_package(fmt REQUIRED)
add_library(tandem_spdlog INTERFACE)
target_link_libraries(tandem_spdlog INTERFACE spdlog::spdlog)
