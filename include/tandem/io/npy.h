#pragma once

#include <filesystem>

#include <torch/types.h>

namespace tandem {

/// Writes a tensor of dtype float32, float16 or int64 (any device; made contiguous) as a NumPy .npy
/// file (format 1.0, C order), complete and durable when it returns. Throws kUsage for another
/// dtype, kCannotCreate and kIo.
void save_npy(const std::filesystem::path& path, const torch::Tensor& tensor);

/// Reads what save_npy writes. Throws kMissingInput, and kData for another format.
[[nodiscard]] torch::Tensor load_npy(const std::filesystem::path& path);

}  // namespace tandem
