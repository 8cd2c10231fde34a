# utf8proc 2.8 or newer (Unicode 15): character categories, normal forms, grapheme clusters. Debian: libutf8proc-dev.
find_path(TANDEM_UTF8PROC_INCLUDE utf8proc.h REQUIRED)
find_library(TANDEM_UTF8PROC_LIBRARY utf8proc REQUIRED)
add_library(tandem_utf8proc INTERFACE)
target_include_directories(tandem_utf8proc SYSTEM INTERFACE ${TANDEM_UTF8PROC_INCLUDE})
target_link_libraries(tandem_utf8proc INTERFACE ${TANDEM_UTF8PROC_LIBRARY})
