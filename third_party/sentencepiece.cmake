# sentencepiece 0.2.1, static (the first release without CVE-2026-1260), built by scripts/setup.sh from its source archive.
# A system copy of 0.2.1 or newer: -DTANDEM_SENTENCEPIECE_ROOT=/usr.
set(TANDEM_SENTENCEPIECE_ROOT ${TANDEM_DEPS_DIR}/sentencepiece-0.2.1 CACHE PATH "Prefix that holds sentencepiece's include and lib")
find_library(TANDEM_SENTENCEPIECE_LIBRARY sentencepiece PATHS ${TANDEM_SENTENCEPIECE_ROOT}/lib NO_DEFAULT_PATH)
find_library(TANDEM_SENTENCEPIECE_TRAIN_LIBRARY sentencepiece_train PATHS ${TANDEM_SENTENCEPIECE_ROOT}/lib NO_DEFAULT_PATH)
if(NOT TANDEM_SENTENCEPIECE_LIBRARY)
  message(FATAL_ERROR "No sentencepiece in ${TANDEM_SENTENCEPIECE_ROOT}: run scripts/setup.sh")
endif()
add_library(tandem_sentencepiece INTERFACE)
target_include_directories(tandem_sentencepiece SYSTEM INTERFACE ${TANDEM_SENTENCEPIECE_ROOT}/include)
target_link_libraries(tandem_sentencepiece INTERFACE ${TANDEM_SENTENCEPIECE_TRAIN_LIBRARY} ${TANDEM_SENTENCEPIECE_LIBRARY})
# It carries protobuf-lite and absl of its own, which must not meet LibTorch's.
target_link_options(tandem_sentencepiece INTERFACE LINKER:--exclude-libs,libsentencepiece.a:libsentencepiece_train.a)
