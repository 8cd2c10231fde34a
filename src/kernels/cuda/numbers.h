#pragma once

namespace tandem::kernels::cuda {

/// What a tensor holds.
enum class Number { kFp32, kBf16 };

}  // namespace tandem::kernels::cuda
