# PCRE2 10.40 or newer (binary properties), for the regular expressions of tokenizer files. Debian: libpcre2-dev.
find_path(TANDEM_PCRE2_INCLUDE pcre2.h REQUIRED)
find_library(TANDEM_PCRE2_LIBRARY pcre2-8 REQUIRED)
add_library(tandem_pcre2 INTERFACE)
target_include_directories(tandem_pcre2 SYSTEM INTERFACE ${TANDEM_PCRE2_INCLUDE})
target_link_libraries(tandem_pcre2 INTERFACE ${TANDEM_PCRE2_LIBRARY})
