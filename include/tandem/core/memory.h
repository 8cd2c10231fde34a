#pragma once

namespace tandem {

/// Lets the process keep the memory that tensors give back, up to 2 GB of it, instead of returning
/// it to the system after each operation and requesting it again, page by page. For a program to
/// call once, before other threads start; the library never does. Every tensor of a forward pass on
/// the CPU is such memory: ViT-B/32 takes a tenth to a fifth less time (docs/performance.md).
/// Nothing where the C library is not glibc.
void keep_freed_memory() noexcept;

}  // namespace tandem
