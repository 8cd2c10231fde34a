#include "io/files/foreign_content.h"

#include <algorithm>
#include <cctype>
#include <string>

namespace tandem {
namespace {

constexpr std::string_view kConvert =
    "convert it to safetensors first; clip-convert --allow-pickle reads the weights of torch.save "
    "files without running their code";

bool starts_html(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())))
    text.remove_prefix(1);
  std::string start(text.substr(0, 16));
  std::transform(start.begin(), start.end(), start.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  return start.starts_with("<!doctype html") || start.starts_with("<html") ||
         start.starts_with("<head");
}

}  // namespace

std::optional<ForeignContent> recognize_foreign_content(std::string_view first_bytes) {
  if (first_bytes.starts_with("version https://git-lfs.github.com/spec/")) {
    return ForeignContent{kLfsPointer, "fetch the file itself with `git lfs pull`"};
  }
  if (starts_html(first_bytes)) {
    return ForeignContent{kHtmlPage, "download the file itself, not its web page"};
  }
  if (first_bytes.starts_with(std::string_view("PK\x03\x04", 4))) {
    return ForeignContent{"a zip archive, such as torch.save and TorchScript write", kConvert};
  }
  const bool pickle = first_bytes.size() >= 2 && first_bytes[0] == '\x80' && first_bytes[1] >= 2 &&
                      first_bytes[1] <= 5;
  if (pickle) return ForeignContent{"a Python pickle, such as older torch.save writes", kConvert};
  if (first_bytes.starts_with("\x1F\x8B")) {
    return ForeignContent{"a gzip archive", "unpack it first"};
  }
  return std::nullopt;
}

}  // namespace tandem
