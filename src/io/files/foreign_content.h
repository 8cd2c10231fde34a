#pragma once

#include <optional>
#include <string_view>

namespace tandem {

/// What a file really is when its first bytes betray that it is not what its name says.
struct ForeignContent {
  std::string_view name;  ///< With its article: `a Git LFS pointer`.
  std::string_view hint;  ///< What to do about it, as an imperative.
};

/// Names of content that is found where a file should be.
inline constexpr std::string_view kLfsPointer = "a Git LFS pointer";
inline constexpr std::string_view kHtmlPage = "an HTML page";

/// Recognises from the first bytes of a file (512 are enough) a Git LFS pointer, an HTML page, a
/// zip archive (what torch.save writes), a Python pickle, and gzip. Returns nothing for other
/// content. A pickle's mark of two bytes may also be the start of another binary format: ask only
/// about files that are wrong anyway.
[[nodiscard]] std::optional<ForeignContent> recognize_foreign_content(std::string_view first_bytes);

}  // namespace tandem
