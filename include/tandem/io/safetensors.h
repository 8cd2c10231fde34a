#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include <torch/types.h>

namespace tandem {

/// Tensors by name, in name order.
using TensorMap = std::map<std::string, torch::Tensor>;

struct SafetensorsFile {
  TensorMap tensors = {};                            ///< On the CPU.
  std::map<std::string, std::string> metadata = {};  ///< The header's `__metadata__`.
};

/// Reads a safetensors file (format: huggingface/safetensors). Throws kMissingInput when it is not
/// there, and kIo when reading breaks off, kCheckpoint for whatever breaks the format's rules:
/// header longer than 100 MB or than the file, not JSON, duplicate names, unknown dtype, shapes
/// that overflow or disagree with their offsets, gaps, overlaps, bytes left over. A Git LFS
/// pointer, an HTML page or a pickle under this name is called what it is.
[[nodiscard]] SafetensorsFile load_safetensors(const std::filesystem::path& path);

/// The same, but the tensors are views of the mapped file: what is never used is never read, and
/// processes share what they read. Writing to a tensor leaves the file as it is. Tensors that do
/// not lie at a multiple of their item size are read. The file may be replaced or removed
/// meanwhile, as save_safetensors replaces it; to cut it short or overwrite it in place is an error
/// of the kind that ends a process. Throws as above.
[[nodiscard]] SafetensorsFile map_safetensors(const std::filesystem::path& path);

/// Reads the shards that an index (`model.safetensors.index.json`) names, as load_safetensors does.
/// Throws kCheckpoint, too, when index and shards disagree about who holds which tensor, or a shard
/// is no file beside the index.
[[nodiscard]] TensorMap load_sharded_safetensors(const std::filesystem::path& index);

/// Writes `tensors` (any device; made contiguous) with a header padded to 64 bytes; complete and
/// durable when it returns. Writes to a temporary name first, so that a file mapped elsewhere is
/// never changed under its reader. Throws kUsage for a tensor that the format cannot hold (dtypes
/// are BOOL, U8, I8, I16, I32, I64, F16, BF16, F32, F64) or text that is not UTF-8, kCannotCreate,
/// kIo. Returns the content_hash of what was meant to be written, to compare file_hash with.
std::string save_safetensors(const std::filesystem::path& path, const TensorMap& tensors,
                             const std::map<std::string, std::string>& metadata = {});

}  // namespace tandem
