#include <array>
#include <optional>

#include <nlohmann/json.hpp>

#include "tandem/core/files.h"
#include "tandem/interop/convert.h"

namespace tandem {
namespace {

namespace fs = std::filesystem;

constexpr std::array<const char*, 10> kTokenizerFiles = {"tokenizer.json",
                                                         "tokenizer.model",
                                                         "tokenizer_config.json",
                                                         "special_tokens_map.json",
                                                         "added_tokens.json",
                                                         "vocab.json",
                                                         "merges.txt",
                                                         "vocab.txt",
                                                         "sentencepiece.bpe.model",
                                                         "spiece.model"};

// A tokenizer.json without what Tandem added to it, which is its last member (text/json_engine.h).
struct SplitTokenizer {
  std::string original;
  nlohmann::json own;
};

std::optional<SplitTokenizer> split_own_part(const std::string& content) {
  constexpr std::string_view kMember = "\"tandem\":";
  const size_t member = content.rfind(kMember);
  const size_t end = content.find_last_of('}');
  if (member == std::string::npos || end == std::string::npos || member > end) return std::nullopt;
  const size_t begin = member + kMember.size();
  auto own = nlohmann::json::parse(content.substr(begin, end - begin), nullptr, false);
  if (!own.is_object()) return std::nullopt;
  const size_t comma = content.find_last_not_of(" \t\r\n", member - 1);
  const bool first = comma == std::string::npos || content[comma] != ',';
  return SplitTokenizer{.original = content.substr(0, first ? member : comma) + content.substr(end),
                        .own = std::move(own)};
}

// Tells open_clip of a tokenizer that is not its own.
void name_tokenizer(const fs::path& directory, const nlohmann::json& own) {
  const fs::path file = directory / "open_clip_config.json";
  const auto tokenizer = nlohmann::json::parse(read_file(directory / "tokenizer.json"));
  // Only CLIP's words end with a mark of this kind.
  if (tokenizer["model"].value("end_of_word_suffix", "") == "</w>") return;
  auto config = nlohmann::ordered_json::parse(read_file(file));
  auto& text = config["model_cfg"]["text_cfg"];
  // The directory's own tokenizer is used, whatever its name.
  if (!text.contains("hf_tokenizer_name")) text["hf_tokenizer_name"] = "tandem";
  const std::string cleaning = own.value("cleaning", "whitespace");
  if (cleaning != "whitespace") text["tokenizer_kwargs"] = {{"clean", cleaning}};
  write_file_atomically(file, config.dump(2) + "\n");
}

}  // namespace

std::vector<std::string> copy_tokenizer_files(const fs::path& from, const fs::path& to,
                                              ModelFormat format) {
  std::vector<std::string> copied;
  for (const char* name : kTokenizerFiles) {
    if (!fs::is_regular_file(from / name)) continue;
    write_file_atomically(to / name, read_file(from / name));
    copied.emplace_back(name);
  }
  if (format == ModelFormat::kTandem || !fs::exists(to / "tokenizer.json")) return copied;
  const auto split = split_own_part(read_file(to / "tokenizer.json"));
  if (format == ModelFormat::kOpenClip)
    name_tokenizer(to, split ? split->own : nlohmann::json::object());
  if (!split) return copied;
  write_file_atomically(to / "tokenizer.json", split->original);
  if (fs::exists(to / "tokenizer_config.json")) return copied;
  auto config = split->own.value("special_tokens", nlohmann::json::object());
  config["tokenizer_class"] = "PreTrainedTokenizerFast";
  write_file_atomically(to / "tokenizer_config.json", config.dump(2) + "\n");
  copied.emplace_back("tokenizer_config.json");
  return copied;
}

}  // namespace tandem
