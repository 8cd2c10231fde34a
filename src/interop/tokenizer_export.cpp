#include "tandem/interop/tokenizer_export.h"

#include <array>

#include <fmt/format.h>

#include "config/model_files.h"
#include "interop/reading/config_object.h"
#include "tandem/core/error.h"
#include "tandem/core/files.h"
#include "text/huggingface/tokenizer_files.h"

namespace tandem {
namespace {

namespace fs = std::filesystem;

// As every published CLIP has it; open_clip's own tokenizer holds this one and no other.
constexpr int64_t kClipVocabulary = 49408;

constexpr std::array kSpecialNames = {"bos_token", "eos_token", "unk_token", "sep_token",
                                      "pad_token", "cls_token", "mask_token"};

// What the two readers must agree on. The last ones hold white space that open_clip joins.
constexpr std::array kTidyTexts = {
    "a photo of a cat",
    "A Red CIRCLE left of a blue square.",
    "",
    "x",
    "it's 7:30 & sunny, isn't it?! (3 dogs)",
    "numbers 1234567 and $ymbols #1 @ 50% off",
    "<s> </s> <pad> <unk> <mask> [CLS] <|endoftext|>",
    "Zwei Hunde laufen über die Straße nach Łódź",
    "naïve café déjà vu, cafe\xCC\x81 with a combining accent",
    "一只猫坐在桌子上 と 犬",
    "Привет мир и أهلا بالعالم",
    "안녕하세요 세계",
    "smiling 😀 family 👨‍👩‍👧 flag 🇫🇷",
    "½ ① Ⅳ 25 µm 10²",
    "antidisestablishmentarianism supercalifragilistic",
    "hello_world snake_case under_score",
    "a.b.c...d --- e==f <b>bold</b> \"quoted\" \\ /",
    "the quick brown fox jumps over the lazy dog the quick brown fox "
    "jumps over the lazy dog the quick brown fox jumps over the lazy "
    "dog the quick brown fox jumps over the lazy dog"};
constexpr std::array kUntidyTexts = {"  two  spaces\tand a tab\n",
                                     "no\xC2\xA0"
                                     "break\xE3\x80\x80"
                                     "wide",
                                     "   ", "bell\x07 and\x01 mark\xEF\xBB\xBF here"};

// A model directory's own tokenizer, as Pipeline chooses it; null where there is none.
std::unique_ptr<TokenizerEngine> find_tokenizer(const fs::path& directory,
                                                const TokenizerLoadOptions& options) {
  const auto place = find_model_tokenizer(directory);
  return place ? load_engine(*place, options) : nullptr;
}

// The special tokens that the files beside a tokenizer name.
Json named_tokens(const fs::path& directory) {
  Json tokens = Json::object();
  for (const char* file : {"special_tokens_map.json", "tokenizer_config.json"}) {
    if (!fs::is_regular_file(directory / file)) continue;
    const Json json = read_json_object(directory / file);
    for (const char* name : kSpecialNames) {
      if (!json.contains(name)) continue;
      const Json& token = json[name];
      const Json text = token.is_object() && token.contains("content") ? token["content"] : token;
      if (text.is_string()) tokens[name] = text;
    }
  }
  return tokens;
}

Json special_tokens(const fs::path& from, const SpecialIds& ids,
                    const HuggingFaceTokenizer& written, const ModelConfig& config) {
  Json tokens = named_tokens(from);
  const auto set = [&](const char* name, int64_t id) {
    if (id >= 0 && id < static_cast<int64_t>(written.tokens.size()))
      tokens[name] = written.tokens[static_cast<size_t>(id)];
  };
  set("bos_token", ids.bos);
  set("eos_token", ids.eos);
  set("unk_token", ids.unk);
  const int64_t pad = config.model.text.pad_id;
  set("pad_token", pad >= 0 ? pad : ids.pad);
  return tokens;
}

Json tokenizer_config(const Json& specials, const HuggingFaceTokenizer& written,
                      const ModelConfig& config) {
  Json json;
  json["tokenizer_class"] = "PreTrainedTokenizerFast";
  json["model_max_length"] = config.model.text.context_length;
  json["padding_side"] = json["truncation_side"] = "right";
  json["clean_up_tokenization_spaces"] = false;
  if (written.special_text_is_text) json["split_special_tokens"] = true;
  json["model_input_names"] = {"input_ids", "attention_mask"};
  json.update(specials);
  return json;
}

void name_to_open_clip(const fs::path& directory, const HuggingFaceTokenizer& written,
                       ExportedTokenizer& result) {
  const bool clip = static_cast<int64_t>(written.tokens.size()) == kClipVocabulary &&
                    nlohmann::json::parse(written.json)["model"]["end_of_word_suffix"] == "</w>";
  if (clip) return;
  const fs::path file = directory / "open_clip_config.json";
  Json config = read_json_object(file);
  auto& text = config["model_cfg"]["text_cfg"];
  // The directory's own tokenizer is used, whatever its name.
  if (!text.contains("hf_tokenizer_name")) text["hf_tokenizer_name"] = "tandem";
  if (written.cleaning == TextCleaning::kLower || written.cleaning == TextCleaning::kCanonicalize)
    text["tokenizer_kwargs"] = {{"clean", cleaning_name(written.cleaning)}};
  if (written.cleaning == TextCleaning::kClipOriginal)
    text["tokenizer_kwargs"] = {{"clean", "lower"}};
  write_file_atomically(file, config.dump(2) + "\n");
  if (written.cleaning == TextCleaning::kAsFile)
    result.notes.emplace_back(
        "open_clip resolves HTML, repairs damaged characters and joins white space before it "
        "tokenises; this model takes texts as they are");
}

}  // namespace

ExportedTokenizer export_tokenizer(const fs::path& from, const fs::path& to,
                                   const TokenizerExportOptions& options) {
  const ModelConfig& config = options.config;
  ExportedTokenizer result;
  if (config.model.towers == Towers::kImage) return result;
  const auto tokenizer =
      find_tokenizer(from, {.lowercase = config.tokenizer.lowercase, .cleaning = options.cleaning});
  if (!tokenizer) return result;
  const HuggingFaceTokenizer written = tokenizer->to_hugging_face();
  const Json specials = special_tokens(from, tokenizer->special_ids(), written, config);
  const auto write = [&](const char* name, const std::string& content) {
    write_file_atomically(to / name, content);
    result.files.emplace_back(name);
  };
  write("tokenizer.json", written.json);
  write("tokenizer_config.json", tokenizer_config(specials, written, config).dump(2) + "\n");
  write("special_tokens_map.json", specials.dump(2) + "\n");
  if (options.format == ModelFormat::kOpenClip) {
    name_to_open_clip(to, written, result);
  } else if (written.cleaning != TextCleaning::kAsFile) {
    result.notes.push_back(
        fmt::format("texts are cleaned as open_clip does it ({}); of that, tokenizer.json does not "
                    "resolve HTML "
                    "and repairs no damaged characters",
                    cleaning_name(written.cleaning)));
  }
  if (tokenizer->file_name() == "tokenizer.model") {
    result.notes.emplace_back(
        "tokenizer.json gives the ids of the sentencepiece model except for rare texts: combining "
        "marks out of canonical order or after a ligature, a capital that composes with its mark "
        "in lower case only, and U+2581");
  }
  return result;
}

TokenizerDifference compare_tokenizers(const fs::path& from, const fs::path& written,
                                       const TokenizerExportOptions& options) {
  const int64_t length = options.config.model.text.context_length;
  const bool open_clip = options.format == ModelFormat::kOpenClip;
  const auto ours = find_tokenizer(
      from, {.lowercase = options.config.tokenizer.lowercase, .cleaning = options.cleaning});
  const auto theirs = find_tokenizer(written, {});
  TokenizerDifference result;
  if (!ours || !theirs) return result;
  std::vector<std::string> texts(kTidyTexts.begin(), kTidyTexts.end());
  if (!open_clip) texts.insert(texts.end(), kUntidyTexts.begin(), kUntidyTexts.end());
  for (const std::string& text : texts) {
    ++result.texts;
    if (ours->encode(text, length).ids == theirs->encode(text, length).ids) continue;
    if (result.differing++ == 0) result.first = text;
  }
  return result;
}

}  // namespace tandem
