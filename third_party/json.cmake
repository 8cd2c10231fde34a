# nlohmann/json 3.10 or newer. Debian: nlohmann-json3-dev.
find_package(nlohmann_json 3.10 REQUIRED)
add_library(tandem_json INTERFACE)
target_link_libraries(tandem_json INTERFACE nlohmann_json::nlohmann_json)
