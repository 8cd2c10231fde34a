#include <array>
#include <optional>

#include <nlohmann/json.hpp>

#include "interop/config_object.h"
#include "tandem/core/files.h"
#include "tandem/interop/convert.h"
#include "text/json_view.h"

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

JsonView require_object(const JsonView& view) {
  if (!view.value().is_object()) view.reject("is no object", "an object");
  return view;
}

// Tells open_clip of a tokenizer that is not its own.
void name_tokenizer(const fs::path& directory, const JsonView& tokenizer, const JsonView& own) {
  const JsonView model = require_object(tokenizer.at("model"));
  // Only CLIP's words end with a mark of this kind.
  if (model.string_or("end_of_word_suffix", "") == "</w>") return;
  const fs::path file = directory / "open_clip_config.json";
  Json config = read_json_object(file);
  auto& text = config["model_cfg"]["text_cfg"];
  // The directory's own tokenizer is used, whatever its name.
  if (!text.contains("hf_tokenizer_name")) text["hf_tokenizer_name"] = "tandem";
  const std::string cleaning = own.string_or("cleaning", "whitespace");
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
  const fs::path source = from / "tokenizer.json";
  if (format == ModelFormat::kTandem || !fs::is_regular_file(source)) return copied;
  const std::string content = read_file(source);
  const auto split = split_own_part(content);
  if (!split && format == ModelFormat::kHuggingFace) return copied;
  const auto json = parse_tokenizer_json(content, source.string());
  const auto own_json = split ? split->own : nlohmann::json::object();
  const JsonView own(own_json, source.string() + ": tandem");
  if (format == ModelFormat::kOpenClip)
    name_tokenizer(to, JsonView(json, source.string() + ": "), own);
  if (!split) return copied;
  write_file_atomically(to / "tokenizer.json", split->original);
  if (fs::exists(to / "tokenizer_config.json")) return copied;
  auto config = own.has("special_tokens") ? require_object(own.at("special_tokens")).value()
                                          : nlohmann::json::object();
  config["tokenizer_class"] = "PreTrainedTokenizerFast";
  write_file_atomically(to / "tokenizer_config.json", config.dump(2) + "\n");
  copied.emplace_back("tokenizer_config.json");
  return copied;
}

}  // namespace tandem
