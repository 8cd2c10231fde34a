#pragma once

/// TANDEM_CLONES in front of a function compiles it once per instruction set; the best one that the
/// processor has is chosen when the program is loaded. Sanitizers start too late for that choice.
#if defined(__x86_64__) && defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)
#define TANDEM_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define TANDEM_CLONES
#endif

/// For what such a function calls in its inner loops, which must be compiled with it.
#define TANDEM_ALWAYS_INLINE inline __attribute__((always_inline))
