# xxHash 0.8 or newer (XXH3), for the integrity of checkpoints; used as a header. Debian: libxxhash-dev.
find_path(TANDEM_XXHASH_INCLUDE xxhash.h REQUIRED)
add_library(tandem_xxhash INTERFACE)
target_include_directories(tandem_xxhash SYSTEM INTERFACE ${TANDEM_XXHASH_INCLUDE})
target_compile_definitions(tandem_xxhash INTERFACE XXH_INLINE_ALL)
