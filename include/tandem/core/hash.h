#pragma once

#include <cstdint>
#include <string_view>

namespace tandem {

/// Returns the XXH3 hash (64 bits) of `content`: for telling contents apart and noticing damage,
/// not for security. content_hash (core/files.h) is the same number as text.
[[nodiscard]] uint64_t hash_bytes(std::string_view content) noexcept;

}  // namespace tandem
