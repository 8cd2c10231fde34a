#pragma once

namespace tandem::kernels::cuda {

/// What a tensor holds.
enum class Number { kFp32, kBf16 };

/// What a thread reads or writes in one access: the most that a GPU can.
constexpr int kPackBytes = 16;

}  // namespace tandem::kernels::cuda
